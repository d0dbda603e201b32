"""Whether the readers of a cohort agree: on verdicts, and on boxes in mm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.contrib.auth.models import User

from harvest.agreement.boxes import BoxAgreement, Pairing, compare, pairing
from harvest.agreement.kappa import Agreement, Rated, cohen, fleiss, tally
from harvest.domain import CANDIDATE_VERDICTS, LesionClass, ReadingPolicy, Verdict
from harvest.models import Cohort
from harvest.selectors.said import Said, blind_readings, rounds_told, said, shown_ids

VERDICTS = [verdict for verdict in Verdict if verdict in CANDIDATE_VERDICTS]


@dataclass(frozen=True, slots=True)
class Row:
    """Agreement over some studies. `kind`: all; class (of pathology, `name`); reader (`name` with anyone);
    pair (`name` and `other`, Cohen's kappa; the others are Fleiss').

    `confusion` counts candidates by the verdict of the first (rows, as VERDICTS) and of the second reader
    (columns). Only a pair has a first; else readers are not told apart, and what they differ in is counted
    above the diagonal.
    """

    kind: str
    name: str
    other: str
    verdicts: Agreement
    confusion: list[list[int]]
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


def _compared(a: Said, b: Said, candidates: Iterable[UUID]) -> _Study:
    id = str(a.study)
    verdicts = [(a.word.on(c), b.word.on(c)) for c in candidates]
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
    candidates = shown_ids(readings)
    both = [sorted(two, key=lambda r: r.reader) for two in of_study.values() if len(two) == 2]
    studies = [
        _compared(a, b, candidates[a.round_study])
        for a, b in both
        if own is None or own.get_username() in (a.reader, b.reader)
    ]
    read_once = len(of_study) - len(both) if own is None else 0
    return CohortAgreement(read_once, len(studies), _rows(studies, named=own is None))


def _rows(studies: Sequence[_Study], *, named: bool) -> list[Row]:
    """All, by class and, where readers may be `named`, by reader and by pair of readers."""
    if not studies:
        return []
    all = tally([item for s in studies for item in s.rated], VERDICTS)
    owner = np.repeat(np.arange(len(studies)), [len(s.rated) for s in studies])

    def row(kind: str, name: str, chosen: list[bool], other: str = "") -> Row:
        here = np.array(chosen)
        counted = all.of(here[owner])
        confusion = counted.confusion()
        if kind != "pair":
            confusion = np.triu(confusion) + np.tril(confusion, -1).T
        return Row(
            kind=kind,
            name=name,
            other=other,
            verdicts=(cohen if kind == "pair" else fleiss)(counted),
            confusion=confusion.tolist(),
            boxes=compare([s.boxes for s, take in zip(studies, here, strict=True) if take]),
        )

    classes = {s.lesion_class for s in studies}
    found = [row("all", "", [True] * len(studies))]
    found += [
        row("class", name, [s.lesion_class == name for s in studies])
        for name in ("", *LesionClass)
        if name in classes
    ]
    if named:
        names = sorted({name for s in studies for name in s.readers})
        found += [row("reader", name, [name in s.readers for s in studies]) for name in names]
        pairs = sorted({s.readers for s in studies})
        found += [row("pair", a, [s.readers == (a, b) for s in studies], b) for a, b in pairs]
    return found
