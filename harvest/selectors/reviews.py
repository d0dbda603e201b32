"""What a reader sees of a study in a round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Prefetch, Q, QuerySet

from detector.geometry import VolumeGeometry
from harvest.domain import CandidateKind, JobState
from harvest.errors import NotFound
from harvest.models import Candidate, Lesion, Reading, Review, RoundStudy
from harvest.rendering import Tile, tile_of
from harvest.selectors.studies import lesions_that_stand
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
    reading: Reading | None
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
    of_reader = Q(reader=reader)
    shown = Candidate.objects.exclude(kind=CandidateKind.WITHHELD)
    return RoundStudy.objects.select_related("study__subject", "round__model_version").prefetch_related(
        Prefetch("candidates", queryset=shown, to_attr="shown_candidates"),
        "study__series",
        Prefetch("reviews", queryset=Review.objects.filter(of_reader), to_attr="own_reviews"),
        Prefetch("readings", queryset=Reading.objects.filter(of_reader), to_attr="own_readings"),
        Prefetch(
            "study__lesions",
            queryset=lesions_that_stand().filter(of_reader | Q(settled=True)),
            to_attr="standing_lesions",
        ),
    )


def _seen(row: RoundStudy) -> ReviewStudy:
    verdicts = standing(row.own_reviews)  # type: ignore[attr-defined]
    geometry = VolumeGeometry.from_json(row.study.geometry)
    # As selectors.studies.seen_by: of a hidden case, only what the reader says of it in this round.
    lesions = [
        lesion
        for lesion in row.study.standing_lesions  # type: ignore[attr-defined]
        if lesion.round_study_id == row.pk or (lesion.settled and not row.hidden)
    ]
    shown = [] if row.from_scratch else row.shown_candidates  # type: ignore[attr-defined]
    return ReviewStudy(
        row=row,
        reading=next(iter(row.own_readings), None),  # type: ignore[attr-defined]
        candidates=[
            Judged(c, tile_of(geometry, c.box, c.key_z_index), verdicts.of_candidate.get(c.pk)) for c in shown
        ],
        verdicts=verdicts,
        lesions=lesions,
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
