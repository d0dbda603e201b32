"""What finished blind readings say, for figures about readers: whole cohorts in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import F, QuerySet

from detector.geometry import Box3D
from harvest.agreement.boxes import Mark
from harvest.consensus import Word
from harvest.domain import ADJUDICATION, ENDED, CandidateKind, LesionSource, QueueState
from harvest.models import Candidate, Cohort, HarvestRound, Lesion, Reading, Review
from harvest.selectors.decisions import word
from harvest.selectors.verdicts import Event, standing


@dataclass(frozen=True, slots=True)
class Said:
    """One reader's word on a study of a round, and the lesions that the reader left there."""

    round_study: UUID
    study: UUID
    lesion_class: str
    from_scratch: bool
    reader: str
    word: Word
    marks: list[Mark]


def rounds_told(cohort: Cohort, *, own: User | None) -> QuerySet[HarvestRound]:
    """The rounds whose figures may be told: all of them, but to a reader of `own` figures those alone that
    were read to the end. Else a figure that moves when a study is finished would tell that it was a hidden
    one, or what another reader said of it, while the reader can still change what was said."""
    rounds = HarvestRound.objects.filter(cohort=cohort)
    if own is None:
        return rounds
    return rounds.filter(state__in=ENDED, readings__gt=0, readings_done=F("readings"))


def blind_readings(rounds: QuerySet[HarvestRound]) -> QuerySet[Reading]:
    """The finished readings of rounds, without those of adjudicators, who have seen what others said."""
    done = Reading.objects.filter(round__in=rounds, state=QueueState.DONE, reader__isnull=False)
    return done.exclude(number=ADJUDICATION)


def said(readings: QuerySet[Reading]) -> list[Said]:
    """What some readings say, in three queries."""
    rows = readings.order_by("round_study", "number").values_list(
        "round_study",
        "round_study__study",
        "round_study__study__lesion_class",
        "round_study__from_scratch",
        "reader",
        "reader__username",
    )
    studies = readings.order_by().values("round_study")
    events: dict[tuple[UUID, int], list[Event]] = defaultdict(list)
    for round_study, reader, pk, sequence, of_candidate, verdict, undoes in Review.objects.filter(
        round_study__in=studies
    ).values_list("round_study", "reader", "pk", "sequence", "candidate", "verdict", "undoes"):
        events[round_study, reader].append(Event(pk, sequence, of_candidate, verdict, undoes))
    marks: dict[tuple[UUID, int], list[Mark]] = defaultdict(list)
    lesions = Lesion.objects.filter(round_study__in=studies, retired_at=None, reader__isnull=False)
    for round_study, reader, lo, hi, source, candidate in lesions.order_by("created_at", "pk").values_list(
        "round_study", "reader", "lo", "hi", "source", "review__candidate"
    ):
        taken_over = str(candidate) if source == LesionSource.REVIEW else ""
        marks[round_study, reader].append(Mark(Box3D(tuple(lo), tuple(hi)), taken_over))
    return [
        Said(
            round_study=round_study,
            study=study,
            lesion_class=lesion_class,
            from_scratch=from_scratch,
            reader=username,
            word=word(standing(events[round_study, reader])),
            marks=marks[round_study, reader],
        )
        for round_study, study, lesion_class, from_scratch, reader, username in rows
    ]


def candidates_of(readings: QuerySet[Reading]) -> dict[UUID, list[Candidate]]:
    """The candidates of the studies that were read, by study of the round, best first: the withheld ones
    too, and those of studies read from scratch, which nobody saw."""
    found: dict[UUID, list[Candidate]] = defaultdict(list)
    for row in Candidate.objects.filter(round_study__in=readings.order_by().values("round_study")).only(
        "id", "round_study", "kind", "lo", "hi", "rank"
    ):
        found[row.round_study_id].append(row)
    return found


def shown_ids(readings: QuerySet[Reading]) -> dict[UUID, list[UUID]]:
    """By study of the round the candidates that its readers saw, and nothing more of them: of a large cohort
    they are many."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    rows = Candidate.objects.filter(round_study__in=readings.order_by().values("round_study"))
    rows = rows.exclude(kind=CandidateKind.WITHHELD).exclude(round_study__from_scratch=True)
    for round_study, id in rows.values_list("round_study", "pk"):
        found[round_study].append(id)
    return found


def shown(candidates: list[Candidate], *, from_scratch: bool) -> list[Candidate]:
    """Those of a study's candidates that its readers saw."""
    return [] if from_scratch else [c for c in candidates if c.kind != CandidateKind.WITHHELD]
