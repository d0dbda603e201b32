"""Shares with their intervals: cases of one study speak with each other, so studies count too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.errors import ShapeError
from detector.evaluation.bootstrap import Estimate

Z = 1.959964  # 97.5 % of a normal distribution lie below


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `cases` in so many studies; the estimate's n is the number of studies."""

    hits: float
    cases: float
    studies: int
    estimate: Estimate


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of n > 0 independent cases, within [0, 1].

    >>> tuple(round(end, 3) for end in wilson(0.5, 2))
    (0.095, 0.905)
    """
    middle, half = share + Z * Z / (2 * n), Z * math.sqrt(share * (1 - share) / n + (Z / (2 * n)) ** 2)
    return max(0.0, (middle - half) / (1 + Z * Z / n)), min(1.0, (middle + half) / (1 + Z * Z / n))


def share_of(hits: npt.ArrayLike, cases: npt.ArrayLike) -> Share:
    """The share of hits among cases, each given by study, with Wilson's interval of the effective number.

    That is the number of cases over the design effect of studies (Rao and Scott 1992), at most the cases;
    where all cases say the same, nothing tells how alike a study's are, and each study counts once. One case
    a study gives the textbook's interval; no case gives an estimate of nulls.

    Raises:
        ShapeError: not one number of hits and of cases a study.

    >>> share_of([1, 0], [1, 1]).estimate["value"], share_of([], []).estimate["value"]
    (0.5, None)
    """
    hit_, cases_ = np.asarray(hits, dtype=float), np.asarray(cases, dtype=float)
    if len(hit_) != len(cases_):
        raise ShapeError("Each study needs its hits and its cases.")
    counted = np.column_stack([hit_, cases_])[cases_ > 0]
    if not len(counted):
        return Share(0, 0, 0, {"value": None, "lo": None, "hi": None, "n": 0})
    hit, all = (float(total) for total in counted.sum(axis=0))
    p, studies = hit / all, len(counted)
    lo, hi = wilson(p, _effective(counted, p))
    return Share(hit, all, studies, {"value": p, "lo": min(lo, p), "hi": max(hi, p), "n": studies})


def share_by_study(studies: Sequence[str], hits: npt.ArrayLike, cases: npt.ArrayLike) -> Share:
    """As share_of, for hits and cases of things of which several may be of one study."""
    names, owner = np.unique(np.asarray(studies, dtype=str), return_inverse=True)
    sums = np.zeros((2, len(names)))
    np.add.at(sums[0], owner, np.asarray(hits, dtype=float))
    np.add.at(sums[1], owner, np.asarray(cases, dtype=float))
    return share_of(sums[0], sums[1])


def _effective(counted: np.ndarray, p: float) -> float:
    studies, cases = len(counted), float(counted[:, 1].sum())
    if studies == 1 or p in (0.0, 1.0):
        return min(float(studies), cases)
    residuals = counted[:, 0] - p * counted[:, 1]
    effect = float((residuals**2).sum()) / (cases * p * (1 - p))
    return cases / max(1.0, effect)


def difference(a: Estimate, b: Estimate) -> Estimate:
    """a - b of independent estimates, its interval from theirs (MOVER; Zou and Donner 2008), which of shares
    with Wilson's is Newcombe's hybrid score interval (1998, method 10). n of the smaller; nulls where one of
    both is null, and no interval where one has none.

    >>> a, b = ({"value": v, "lo": v - 3, "hi": v + 4, "n": 9} for v in (20.0, 5.0))
    >>> difference(a, b)
    {'value': 15.0, 'lo': 10.0, 'hi': 20.0, 'n': 9}
    """
    n = min(a["n"], b["n"])
    if a["value"] is None or b["value"] is None:
        return {"value": None, "lo": None, "hi": None, "n": n}
    value = a["value"] - b["value"]
    if a["lo"] is None or a["hi"] is None or b["lo"] is None or b["hi"] is None:
        return {"value": value, "lo": None, "hi": None, "n": n}
    below = math.hypot(a["value"] - a["lo"], b["hi"] - b["value"])
    above = math.hypot(a["hi"] - a["value"], b["value"] - b["lo"])
    return {"value": value, "lo": value - below, "hi": value + above, "n": n}


def cases_wanted(share: Share, *, half_width: float) -> int:
    """How many more cases make Wilson's interval at most +- half_width wide (0 < half_width < 0.5), if the
    share stays as it is and cases are independent; without a case, for the widest, a half.

    >>> cases_wanted(share_of([], []), half_width=0.1)
    93
    """
    p = share.estimate["value"] if share.estimate["value"] is not None else 0.5
    few, many = 0, 1
    while _half(p, many) > half_width:
        many *= 2
    while many - few > 1:  # the half width falls with every case
        middle = (few + many) // 2
        few, many = (few, middle) if _half(p, middle) <= half_width else (middle, many)
    return max(0, many - int(share.cases))


def _half(p: float, n: int) -> float:
    lo, hi = wilson(p, n)
    return (hi - lo) / 2


def rate_of(counts: Sequence[int]) -> Estimate:
    """Mean count a study with the score interval of a rate; where counts spread wider than chance alone
    would (quasi-Poisson), as if there were that many studies fewer. No study gives nulls.

    >>> {k: round(v, 2) for k, v in rate_of([0] * 30).items()}
    {'value': 0.0, 'lo': 0.0, 'hi': 0.13, 'n': 30}
    """
    n = len(counts)
    if n == 0:
        return {"value": None, "lo": None, "hi": None, "n": 0}
    mean = float(np.mean(counts))
    wide = max(1.0, float(np.var(counts, ddof=1)) / mean) if n > 1 and mean > 0 else 1.0
    seen, studies = n * mean / wide, n / wide
    middle, half = seen + Z * Z / 2, Z * math.sqrt(seen + Z * Z / 4)
    return {"value": mean, "lo": max(0.0, (middle - half) / studies), "hi": (middle + half) / studies, "n": n}
