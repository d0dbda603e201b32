"""Whether two readers marked the same lesions, and how far their boxes lie apart in mm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from detector.evaluation.bootstrap import Estimate, bootstrap_median
from detector.evaluation.shares import Share, share_by_study
from detector.geometry import Box3D, iou

# As detector.evaluation.matching's headline rule: from here on two boxes mean the same lesion.
SAME_LESION = 0.1
_DRAWN = 4_000_000  # boxes drawn for an interval: of very many, fewer resamples do


@dataclass(frozen=True, slots=True)
class Mark:
    """A lesion as a reader left it in a study. `candidate` is whose box was taken over, "" where it was
    drawn."""

    box: Box3D
    candidate: str = ""


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
class Pairing:
    """Two readers' marks in one study: how many each left, and those that were matched."""

    study: str
    of_a: int
    of_b: int
    pairs: Sequence[Matched]


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


def pairing(study: str, a: Sequence[Mark], b: Sequence[Mark]) -> Pairing:
    """Two readers' marks in one study, matched."""
    return Pairing(study, len(a), len(b), match(a, b))


def compare(read: Sequence[Pairing], *, seed: int = 0) -> BoxAgreement:
    """Two readers' marks, or those of many pairs of readers together; resampled by study."""
    pairs = sum(len(one.pairs) for one in read)
    drawn = [(one.study, matched) for one in read for matched in one.pairs if not matched.given]
    studies = [study for study, _ in drawn]
    return BoxAgreement(
        studies=len({one.study for one in read}),
        pairs=pairs,
        only_a=sum(one.of_a for one in read) - pairs,
        only_b=sum(one.of_b for one in read) - pairs,
        drawn_pairs=len(drawn),
        detection=share_by_study(
            [one.study for one in read],
            [2 * len(one.pairs) for one in read],
            [one.of_a + one.of_b for one in read],
        ),
        iou=_median(studies, [m.iou for _, m in drawn], seed),
        distance_mm=_median(studies, [m.distance_mm for _, m in drawn], seed),
    )


def _median(studies: Sequence[str], values: Sequence[float], seed: int) -> Estimate:
    """No interval from a single study."""
    samples = max(200, min(1000, _DRAWN // max(1, len(values))))
    found = bootstrap_median(studies, values, samples=samples, seed=seed)
    return {**found, "lo": None, "hi": None} if found["n"] < 2 else found
