"""What a reader sees of a study in a round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Prefetch, QuerySet

from detector.geometry import VolumeGeometry
from harvest.domain import JobState
from harvest.errors import NotFound
from harvest.models import Candidate, Lesion, Review, RoundStudy
from harvest.rendering import Tile, tile_of
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
    candidates: list[Judged]
    verdicts: Verdicts
    lesions: list[Lesion]


def review_studies(ids: Sequence[UUID], reader: User) -> list[ReviewStudy]:
    """Studies of one round as the reader sees them, in the order of the ids; a fixed number of queries.

    Raises:
        NotFound: one of them is not there, or the round has not run on it.
    """
    rows = {row.pk: row for row in _rows(reader).filter(pk__in=ids, state=JobState.SUCCEEDED)}
    if len(rows) < len(set(ids)):
        raise NotFound("There is no such study in a round, or the round has not run on it yet.")
    return [_seen(rows[id]) for id in ids]


def _rows(reader: User) -> QuerySet[RoundStudy]:
    own = Review.objects.filter(reader=reader)
    return RoundStudy.objects.select_related("study__subject", "round__model_version").prefetch_related(
        "candidates",
        "study__series",
        Prefetch("reviews", queryset=own, to_attr="own_reviews"),
        Prefetch("study__lesions", queryset=current_lesions(), to_attr="current_lesions"),
    )


def _seen(row: RoundStudy) -> ReviewStudy:
    verdicts = standing(row.own_reviews)  # type: ignore[attr-defined]
    geometry = VolumeGeometry.from_json(row.study.geometry)
    return ReviewStudy(
        row=row,
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
