"""What a reader sees of a study in a round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Model, Q, prefetch_related_objects

from detector.geometry import VolumeGeometry
from harvest.domain import CandidateKind, JobState
from harvest.errors import NotFound
from harvest.models import (
    Candidate,
    HarvestRound,
    Lesion,
    Reading,
    Review,
    RoundStudy,
    Series,
    Study,
    Subject,
)
from harvest.rendering import Tile, tile_of
from harvest.selectors.compiled import Compiled
from harvest.selectors.rounds import round_to_read
from harvest.selectors.studies import with_characterizations
from harvest.selectors.verdicts import Verdicts, standing

M = TypeVar("M", bound=Model)


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
    verdicts: Verdicts[Review]
    lesions: list[Lesion]


_ROWS = Compiled(RoundStudy, lambda ids, _: RoundStudy.objects.filter(pk__in=ids, state=JobState.SUCCEEDED))
_STUDIES = Compiled(Study, lambda ids, _: Study.objects.filter(pk__in=ids))
_SUBJECTS = Compiled(Subject, lambda ids, _: Subject.objects.filter(pk__in=ids))
_SERIES = Compiled(Series, lambda ids, _: Series.objects.filter(study__in=ids))
_CANDIDATES = Compiled(
    Candidate,
    lambda ids, _: Candidate.objects.filter(round_study__in=ids).exclude(kind=CandidateKind.WITHHELD),
)
_REVIEWS = Compiled(Review, lambda ids, reader: Review.objects.filter(round_study__in=ids, reader_id=reader))
_READINGS = Compiled(
    Reading, lambda ids, reader: Reading.objects.filter(round_study__in=ids, reader_id=reader)
)
_LESIONS = Compiled(
    Lesion,
    lambda ids, reader: Lesion.objects.filter(study__in=ids, retired_at=None).filter(
        Q(reader_id=reader) | Q(settled=True)
    ),
)


def review_studies(
    ids: Sequence[UUID], reader: User, *, parent: HarvestRound | None = None
) -> list[ReviewStudy]:
    """Studies of one round as the reader sees them, in the order of the ids; a fixed number of queries.
    `parent` is their round with its model version, where it is at hand.

    Raises:
        NotFound: one of them is not there, or the round has not run on it.
    """
    rows = {row.pk: row for row in _ROWS.rows(ids, reader.pk)}
    if len(rows) < len(set(ids)):
        raise NotFound("There is no such study in a round, or the round has not run on it yet.")
    parent = parent or round_to_read(next(iter(rows.values())).round_id)
    _attach_studies(list(rows.values()), parent)
    candidates = _by(_CANDIDATES.rows(ids, reader.pk), "round_study_id")
    reviews = _by(_REVIEWS.rows(ids, reader.pk), "round_study_id")
    readings = _by(_READINGS.rows(ids, reader.pk), "round_study_id")
    lesions = _by(_lesions(list(rows.values()), reader), "study_id")
    return [
        _seen(
            rows[id],
            candidates.get(id, []),
            reviews.get(id, []),
            readings.get(id, []),
            lesions.get(rows[id].study_id, []),
        )
        for id in ids
    ]


def _by(rows: list[M], key: str) -> dict[UUID, list[M]]:
    found: dict[UUID, list[M]] = {}
    for row in rows:
        found.setdefault(getattr(row, key), []).append(row)
    return found


def _attach_studies(rows: list[RoundStudy], parent: HarvestRound) -> None:
    """Gives each row its round, and its study with its subject and its series."""
    studies = {s.pk: s for s in _STUDIES.rows([row.study_id for row in rows], 0)}
    subjects = {s.pk: s for s in _SUBJECTS.rows([s.subject_id for s in studies.values()], 0)}
    series = _by(_SERIES.rows(list(studies), 0), "study_id")
    for study in studies.values():
        study.subject = subjects[study.subject_id]
        study._prefetched_objects_cache = {"series": series.get(study.pk, [])}  # type: ignore[attr-defined]
    for row in rows:
        row.round, row.study = parent, studies[row.study_id]


def _lesions(rows: list[RoundStudy], reader: User) -> list[Lesion]:
    """Those that stand and that the reader may know of, as selectors.studies.seen_by: of a hidden case only
    what the reader says of it in this round. What is known of its truth is asked for nothing more, for even
    the time of that would tell."""
    row_of = {row.study_id: row for row in rows}

    def told(lesion: Lesion) -> bool:
        row = row_of[lesion.study_id]
        return lesion.round_study_id == row.pk or (lesion.settled and not row.hidden)

    found = [lesion for lesion in _LESIONS.rows(list(row_of), reader.pk) if told(lesion)]
    prefetch_related_objects(found, "reader", with_characterizations())
    return found


def _seen(
    row: RoundStudy,
    candidates: list[Candidate],
    reviews: list[Review],
    readings: list[Reading],
    lesions: list[Lesion],
) -> ReviewStudy:
    verdicts = standing(reviews)
    geometry = VolumeGeometry.from_json(row.study.geometry)
    return ReviewStudy(
        row=row,
        reading=next(iter(readings), None),
        candidates=[
            Judged(c, tile_of(geometry, c.box, c.key_z_index), verdicts.of_candidate.get(c.pk))
            for c in ([] if row.from_scratch else candidates)
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
