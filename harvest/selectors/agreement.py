"""Whether the readers of a cohort agree: on verdicts, and on boxes in mm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User

from harvest.agreement.boxes import BoxAgreement, Pairing, compare, pairing
from harvest.agreement.kappa import Agreement, Rated, cohen, fleiss
from harvest.domain import CANDIDATE_VERDICTS, LesionClass, ReadingPolicy, Verdict
from harvest.models import Candidate, Cohort
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
    """`read_twice` studies of a round were read by two, `read_once` by one of two so far."""

    read_once: int
    read_twice: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class _Study:
    """A study of a round that two read: by whom (names in their order), their verdicts on each candidate of
    which both said something, and their boxes."""

    lesion_class: str
    readers: tuple[str, str]
    rated: Sequence[Rated]
    boxes: Pairing


def _compared(a: Said, b: Said, candidates: Sequence[Candidate]) -> _Study:
    id = str(a.study)
    verdicts = [(a.word.on(c.pk), b.word.on(c.pk)) for c in candidates]
    return _Study(
        a.lesion_class,
        (a.reader, b.reader),
        [Rated(id, (one.value, other.value)) for one, other in verdicts if one and other],
        pairing(id, a.marks, b.marks),
    )


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
    both = [sorted(two, key=lambda r: r.reader) for two in of_study.values() if len(two) == 2]
    studies = [
        _compared(a, b, shown(found[a.round_study], from_scratch=a.from_scratch))
        for a, b in both
        if own is None or own.get_username() in (a.reader, b.reader)
    ]
    rows = [_row("all", "", studies)] if studies else []
    rows += [
        _row("class", name, chosen)
        for name in ("", *LesionClass)
        if (chosen := [s for s in studies if s.lesion_class == name])
    ]
    if own is None:
        rows += _of_readers(studies)
    return CohortAgreement(len(of_study) - len(both) if own is None else 0, len(studies), rows)


def _of_readers(studies: Sequence[_Study]) -> list[Row]:
    names = sorted({name for s in studies for name in s.readers})
    pairs = sorted({s.readers for s in studies})
    return [
        *(_row("reader", name, [s for s in studies if name in s.readers]) for name in names),
        *(_row("pair", a, [s for s in studies if s.readers == (a, b)], other=b) for a, b in pairs),
    ]


def _row(kind: str, name: str, studies: Sequence[_Study], *, other: str = "") -> Row:
    rated = [item for s in studies for item in s.rated]
    measure = cohen if kind == "pair" else fleiss
    return Row(kind, name, other, measure(rated, VERDICTS), compare([s.boxes for s in studies]))
