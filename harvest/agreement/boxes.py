"""Whether two readers marked the same lesions, and how far their boxes lie apart in mm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from detector.evaluation.bootstrap import Estimate, bootstrap_many
from detector.evaluation.shares import Share, share_by_study
from detector.geometry import Box3D, iou

# As detector.evaluation.matching's headline rule: from here on two boxes mean the same lesion.
SAME_LESION = 0.1


@dataclass(frozen=True, slots=True)
class Mark:
    """A lesion as a reader left it in a study. `candidate` is whose box was taken over, "" where it was
    drawn."""

    box: Box3D
    candidate: str = ""


class Both(NamedTuple):
    """The marks of two readers who read the same study; none is an empty list."""

    study: str
    a: Sequence[Mark]
    b: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class Matched:
    """Mark `a` of the one reader and `b` of the other. `given`: both took one candidate's box over, so that
    they agree on it by what they were shown."""

    a: int
    b: int
    iou: float
    distance_mm: float
    given: bool


@dataclass(frozen=True, slots=True)
class BoxAgreement:
    """`detection` is the share of all marks that have a partner (the F1 of one reader against the other).
    Medians are of pairs of which a reader drew at least one, null without such a pair; they have no interval
    where all of them are of one study."""

    studies: int
    pairs: int
    only_a: int
    only_b: int
    drawn_pairs: int
    detection: Share
    iou: Estimate
    distance_mm: Estimate


def match(a: Sequence[Mark], b: Sequence[Mark], *, least_iou: float = SAME_LESION) -> list[Matched]:
    """One to one pairs with an IoU of at least `least_iou` > 0, of the largest sum of IoU that there is
    (Kuhn 1955), in the order of `a`; a mark without a partner is in none.

    >>> box = Box3D((0, 0, 0), (10, 10, 10))
    >>> match([Mark(box)], [Mark(Box3D((90, 0, 0), (99, 9, 9))), Mark(box)])
    [Matched(a=0, b=1, iou=1.0, distance_mm=0.0, given=False)]
    """
    if not a or not b:
        return []
    overlaps = np.array([[iou(one.box, other.box) for other in b] for one in a])
    # What is too little to be the same lesion must not draw a pair away from where it is.
    gains = np.where(overlaps >= least_iou, overlaps, 0.0)
    return [
        Matched(
            a=int(i),
            b=int(j),
            iou=float(overlaps[i, j]),
            distance_mm=math.dist(a[i].box.centre_mm, b[j].box.centre_mm),
            given=bool(a[i].candidate) and a[i].candidate == b[j].candidate,
        )
        for i, j in zip(*linear_sum_assignment(gains, maximize=True), strict=True)
        if gains[i, j] > 0
    ]


def compare(read: Sequence[Both], *, seed: int = 0) -> BoxAgreement:
    """Two readers' marks, or those of many pairs of readers together; resampled by study."""
    matched = [match(both.a, both.b) for both in read]
    pairs = sum(map(len, matched))
    drawn = [
        (both.study, m.iou, m.distance_mm)
        for both, found in zip(read, matched, strict=True)
        for m in found
        if not m.given
    ]
    overlap, distance = _medians(drawn, seed)
    return BoxAgreement(
        studies=len({both.study for both in read}),
        pairs=pairs,
        only_a=sum(len(both.a) for both in read) - pairs,
        only_b=sum(len(both.b) for both in read) - pairs,
        drawn_pairs=len(drawn),
        detection=share_by_study(
            [both.study for both in read],
            [2 * len(found) for found in matched],
            [len(both.a) + len(both.b) for both in read],
        ),
        iou=overlap,
        distance_mm=distance,
    )


def _medians(drawn: Sequence[tuple[str, float, float]], seed: int) -> list[Estimate]:
    values = np.array([figures for _, *figures in drawn], dtype=float)

    def medians(items: npt.NDArray[np.intp]) -> list[float]:
        return np.median(values[items], axis=0).tolist()

    none: Estimate = {"value": None, "lo": None, "hi": None, "n": 0}
    found = bootstrap_many([study for study, *_ in drawn], medians, samples=1000, seed=seed) or [none, none]
    return [{**e, "lo": None, "hi": None} if e["n"] < 2 else e for e in found]
