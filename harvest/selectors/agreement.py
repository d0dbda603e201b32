"""Whether the readers of a cohort agree: on verdicts, and on boxes in mm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from django.contrib.auth.models import User

from harvest.agreement.boxes import Both, BoxAgreement, compare
from harvest.agreement.kappa import Agreement, Rated, cohen, fleiss
from harvest.domain import CANDIDATE_VERDICTS, LesionClass, ReadingPolicy, Verdict
from harvest.models import Cohort
from harvest.selectors.said import Said, blind_readings, candidates_of, rounds_told, said, shown

VERDICTS = [verdict for verdict in Verdict if verdict in CANDIDATE_VERDICTS]


@dataclass(frozen=True, slots=True)
class Row:
    """Agreement over some studies. `kind`: all; class (of pathology, `name`); reader (`name` with anyone);
    pair (`name` and `other`, Cohen's kappa; the others are Fleiss')."""

    kind: str
    name: str
    other: str
    verdicts: Agreement
    boxes: BoxAgreement


@dataclass(frozen=True, slots=True)
class CohortAgreement:
    """`read_twice` studies of a round were read by two or more, `read_once` by one of two so far."""

    read_once: int
    read_twice: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class _Study:
    """A study of a round with all who read it, in the order of their names."""

    id: str
    lesion_class: str
    readers: Sequence[Said]
    candidates: Sequence[UUID]

    def rated(self) -> list[Rated]:
        """Candidates on which two readers or more said something."""
        words = [[r.word.on(c) for r in self.readers] for c in self.candidates]
        spoken = [tuple(v.value for v in said if v is not None) for said in words]
        return [Rated(self.id, verdicts) for verdicts in spoken if len(verdicts) > 1]

    def boxes(self) -> list[Both]:
        return [Both(self.id, a.marks, b.marks) for a, b in combinations(self.readers, 2)]


def agreement(cohort: Cohort, *, own: User | None = None) -> CohortAgreement:
    """Agreement of blind readers over all rounds, without hidden cases, whose candidates are not the
    model's. With `own` of this reader with the others alone, who are not named, and of rounds_told.

    A candidate that one of two said nothing of is left out. Verdicts are of candidates; studies drawn from
    scratch have boxes alone.
    """
    rounds = rounds_told(cohort, own=own).exclude(reading_policy=ReadingPolicy.ONE)
    readings = blind_readings(rounds).filter(round_study__hidden="")
    of_study: dict[UUID, list[Said]] = defaultdict(list)
    for one in said(readings):
        of_study[one.round_study].append(one)
    found = candidates_of(readings)
    studies = [
        _Study(
            str(readers[0].study),
            readers[0].lesion_class,
            sorted(readers, key=lambda r: r.reader),
            [c.pk for c in shown(found[id], from_scratch=readers[0].from_scratch)],
        )
        for id, readers in of_study.items()
        if len(readers) > 1 and (own is None or any(r.reader == own.get_username() for r in readers))
    ]
    rows = [_row("all", "", studies)] if studies else []
    rows += [
        _row("class", name, chosen)
        for name in ("", *LesionClass)
        if (chosen := [s for s in studies if s.lesion_class == name])
    ]
    if own is None:
        rows += _of_readers(studies)
    return CohortAgreement(len(of_study) - len(studies) if own is None else 0, len(studies), rows)


def _of_readers(studies: Sequence[_Study]) -> list[Row]:
    names = sorted({r.reader for s in studies for r in s.readers})
    readers = [
        _row("reader", name, [s for s in studies if any(r.reader == name for r in s.readers)])
        for name in names
    ]
    pairs = []
    for a, b in combinations(names, 2):
        both = [
            _Study(s.id, s.lesion_class, two, s.candidates)
            for s in studies
            if len(two := [r for r in s.readers if r.reader in (a, b)]) == 2
        ]
        if both:
            pairs.append(_row("pair", a, both, other=b))
    return readers + pairs


def _row(kind: str, name: str, studies: Sequence[_Study], *, other: str = "") -> Row:
    rated = [item for s in studies for item in s.rated()]
    measure = cohen if kind == "pair" else fleiss
    return Row(
        kind, name, other, measure(rated, VERDICTS), compare([both for s in studies for both in s.boxes()])
    )
