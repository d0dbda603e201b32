"""How readers fare on hidden cases, and how far the machine leads them there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User

from detector.geometry import Box3D
from harvest.agreement.bias import Bias, KnownStudy, bias_of
from harvest.consensus import ACCEPTING
from harvest.domain import CandidateKind, HiddenCase, Verdict
from harvest.models import Candidate, Cohort, Lesion, RoundStudy
from harvest.sampling.hidden import hits
from harvest.selectors.said import Said, blind_readings, candidates_of, rounds_told, said, shown


@dataclass(frozen=True, slots=True)
class ReaderBias:
    reader: str
    bias: Bias


@dataclass(frozen=True, slots=True)
class CohortBias:
    """All readers together, each of them, and how many hidden cases of each kind the rounds hold."""

    everybody: Bias
    readers: list[ReaderBias]
    cases: dict[str, int]


def automation_bias(cohort: Cohort, *, own: User | None = None) -> CohortBias:
    """From the finished readings of hidden cases, over all rounds; with `own` this reader's alone and of
    rounds_told, with as little about the cases."""
    rounds = rounds_told(cohort, own=own)
    readings = blind_readings(rounds).exclude(round_study__hidden="")
    if own is not None:
        readings = readings.filter(reader=own)
    candidates = candidates_of(readings)
    truth: dict[UUID, list[Box3D]] = defaultdict(list)
    studies = readings.order_by().values("round_study__study")
    for row in Lesion.objects.filter(study__in=studies, retired_at=None, settled=True):
        truth[row.study_id].append(row.box)
    of_reader: dict[str, list[KnownStudy]] = defaultdict(list)
    for one in said(readings):
        counted = known(one, candidates[one.round_study], truth[one.study])
        of_reader[one.reader].append(counted)
    cases = RoundStudy.objects.filter(round__in=rounds).order_by().values_list("hidden", flat=True)
    kinds = list(cases.exclude(hidden="")) if own is None else []
    return CohortBias(
        everybody=bias_of([study for read in of_reader.values() for study in read]),
        readers=[ReaderBias(name, bias_of(read)) for name, read in sorted(of_reader.items())],
        cases={kind.value: kinds.count(kind.value) for kind in HiddenCase},
    )


def known(one: Said, candidates: Sequence[Candidate], truth: Sequence[Box3D]) -> KnownStudy:
    """A reading counted against the truth. A withheld lesion is found, too, where the reader says that one
    was missed and has drawn nothing (yet)."""
    seen = shown(list(candidates), from_scratch=one.from_scratch)
    taken_out = [c.box for c in candidates if c.kind == CandidateKind.WITHHELD and not one.from_scratch]
    withheld = [lesion for lesion in truth if any(hits(box, lesion) for box in taken_out)]
    rest = [lesion for lesion in truth if lesion not in withheld]
    invented = [c.pk for c in seen if c.kind == CandidateKind.INVENTED]
    wrong = [c.pk for c in seen if c.kind == CandidateKind.MODEL and not any(hits(c.box, le) for le in truth)]
    said_missed = one.word.study == Verdict.MISSED and not any(not m.candidate for m in one.marks)

    def marked(lesions: Sequence[Box3D]) -> int:
        return sum(any(hits(m.box, lesion) for m in one.marks) for lesion in lesions)

    def accepted(ids: Sequence[UUID]) -> int:
        return sum(one.word.on(id) in ACCEPTING for id in ids)

    return KnownStudy(
        study=str(one.study),
        invented=len(invented),
        invented_accepted=accepted(invented),
        wrong=len(wrong),
        wrong_accepted=accepted(wrong),
        withheld=len(withheld),
        withheld_found=len(withheld) if said_missed else marked(withheld),
        lesions=len(rest),
        lesions_found=marked(rest),
        marks_on_nothing=sum(not any(hits(m.box, lesion) for lesion in truth) for m in one.marks),
        from_scratch=one.from_scratch,
    )
