"""What two blind readers and an adjudicator come to: pure rules, without rows.

A reader's word on a candidate is a Verdict, or None where nothing was said of it. NO_LESION says of every
candidate that it is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from detector.geometry import Box3D, iou
from harvest.domain import Verdict

ACCEPTING = frozenset({Verdict.PRIMARY_LESION, Verdict.OTHER_LESION})
# Two boxes are the same lesion from here on; the share of common volume that detection is judged by, too.
SAME_LESION_IOU = 0.3


@dataclass(frozen=True, slots=True)
class Word:
    """What one reader says of a study: of its candidates, of the whole, and the boxes drawn, by their ids."""

    candidates: Mapping[UUID, Verdict] = field(default_factory=dict)
    study: Verdict | None = None
    boxes: Mapping[UUID, Box3D] = field(default_factory=dict)

    def on(self, candidate: UUID) -> Verdict | None:
        said = self.candidates.get(candidate)
        return Verdict.NOT_A_LESION if said is None and self.study == Verdict.NO_LESION else said


@dataclass(frozen=True, slots=True)
class Differences:
    """What two readers differ in: candidates, boxes that only one of them drew, and whether one of them
    misses a lesion without having drawn it."""

    candidates: tuple[UUID, ...] = ()
    boxes: tuple[UUID, ...] = ()
    missed: bool = False

    def __bool__(self) -> bool:
        return bool(self.candidates or self.boxes or self.missed)


def differences(candidates: Iterable[UUID], first: Word, second: Word) -> Differences:
    """What an adjudicator is to decide."""
    pairs = same_lesions(first.boxes, second.boxes)
    matched = {id for pair in pairs for id in pair}
    return Differences(
        candidates=tuple(c for c in candidates if first.on(c) != second.on(c)),
        boxes=tuple(id for word in (first, second) for id in word.boxes if id not in matched),
        missed=any(word.study == Verdict.MISSED and not word.boxes for word in (first, second)),
    )


def agreed(first: Verdict | None, second: Verdict | None) -> Verdict:
    """The verdict that two readers come to without an adjudicator: what both say; a lesion, but not the
    primary one, where both see one and differ in that; else UNSURE, which teaches nothing.

    >>> agreed(Verdict.PRIMARY_LESION, Verdict.OTHER_LESION), agreed(Verdict.PRIMARY_LESION, None)
    (<Verdict.OTHER_LESION: 'other_lesion'>, <Verdict.UNSURE: 'unsure'>)
    """
    if first is not None and first == second:
        return first
    if first in ACCEPTING and second in ACCEPTING:
        return Verdict.OTHER_LESION
    return Verdict.UNSURE


def agreed_on_study(first: Word, second: Word) -> Verdict | None:
    """NO_LESION where both say so, MISSED where one does; else nothing is said of the whole study."""
    said = {first.study, second.study}
    if said == {Verdict.NO_LESION}:
        return Verdict.NO_LESION
    return Verdict.MISSED if Verdict.MISSED in said else None


def same_lesions(first: Mapping[UUID, Box3D], second: Mapping[UUID, Box3D]) -> Sequence[tuple[UUID, UUID]]:
    """Pairs of boxes that mean the same lesion, best first; each box is in one pair at most."""
    overlaps = sorted(
        ((iou(a, b), x, y) for x, a in first.items() for y, b in second.items()), key=lambda o: -o[0]
    )
    pairs: list[tuple[UUID, UUID]] = []
    taken: set[UUID] = set()
    for overlap, x, y in overlaps:
        if overlap >= SAME_LESION_IOU and not taken & {x, y}:
            pairs.append((x, y))
            taken |= {x, y}
    return pairs
