"""What a reader sees of a study in a round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Prefetch, QuerySet

from detector.geometry import VolumeGeometry
from harvest.domain import JobState, QueueState
from harvest.errors import NotFound
from harvest.models import Candidate, Lesion, Review, RoundStudy
from harvest.rendering import Tile, tile_of
from harvest.sampling.order import Place, Waiting, review_order
from harvest.selectors.studies import current_lesions
from harvest.selectors.verdicts import Verdicts, standing


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with its tile and the reader's own verdict on it."""

    candidate: Candidate
    tile: Tile
    review: Review | None


@dataclass(frozen=True, slots=True)
class ReviewStudy:
    """A study of a round as one reader sees it."""

    row: RoundStudy
    place: Place
    candidates: list[Judged]
    verdicts: Verdicts
    lesions: list[Lesion]


def places_of_round(round_id: UUID) -> list[Place]:
    """The round's studies that can be reviewed, in the order of their review."""
    rows = RoundStudy.objects.filter(round_id=round_id, state=JobState.SUCCEEDED).values_list(
        "pk", "top_score"
    )
    return review_order([Waiting(str(id), score) for id, score in rows], seed=str(round_id))


def counts_of_round(round_id: UUID) -> tuple[int, int]:
    """How many of a round's studies are left to review, and how many are reviewed."""
    rows = RoundStudy.objects.filter(round_id=round_id, state=JobState.SUCCEEDED)
    done = rows.filter(queue_state=QueueState.DONE).count()
    return rows.count() - done, done


def review_studies(ids: Sequence[UUID], reader: User) -> list[ReviewStudy]:
    """Studies of one round as the reader sees them, in the order of the ids; a fixed number of queries.

    Raises:
        NotFound: one of them is not there, or the round has not run on it.
    """
    rows = {row.pk: row for row in _rows(reader).filter(pk__in=ids, state=JobState.SUCCEEDED)}
    if len(rows) < len(set(ids)):
        raise NotFound("There is no such study in a round, or the round has not run on it yet.")
    places = {p.id: p for r in {row.round_id for row in rows.values()} for p in places_of_round(r)}
    return [_seen(rows[id], places[str(id)]) for id in ids]


def _rows(reader: User) -> QuerySet[RoundStudy]:
    own = Review.objects.filter(reader=reader)
    return RoundStudy.objects.select_related("study__subject", "round__model_version").prefetch_related(
        "candidates",
        "study__series",
        Prefetch("reviews", queryset=own, to_attr="own_reviews"),
        Prefetch("study__lesions", queryset=current_lesions(), to_attr="current_lesions"),
    )


def _seen(row: RoundStudy, place: Place) -> ReviewStudy:
    verdicts = standing(row.own_reviews)  # type: ignore[attr-defined]
    geometry = VolumeGeometry.from_json(row.study.geometry)
    return ReviewStudy(
        row=row,
        place=place,
        candidates=[
            Judged(c, tile_of(geometry, c.box, c.key_z_index), verdicts.of_candidate.get(c.pk))
            for c in row.candidates.all()
        ],
        verdicts=verdicts,
        lesions=row.study.current_lesions,  # type: ignore[attr-defined]
    )


def candidate(id: UUID) -> Candidate:
    """A candidate with its study; raises NotFound."""
    found = (
        Candidate.objects.select_related("round_study__study")
        .prefetch_related("round_study__study__series")
        .filter(pk=id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such candidate.")
    return found
