"""Percentile bootstrap by subject: a figure without its interval says little about a few dozen studies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from detector.errors import ShapeError

_AT_ONCE = 2_000_000  # items drawn at a time

Statistic = Callable[[npt.NDArray[np.intp]], float]


class Estimate(TypedDict):
    """A figure with its 95 % interval; `n` counts the subjects that were resampled. Null where undefined."""

    value: float | None
    lo: float | None
    hi: float | None
    n: int


def bootstrap_many(
    subjects: Sequence[str],
    statistic: Callable[[npt.NDArray[np.intp]], Sequence[float]],
    *,
    samples: int = 2000,
    seed: int = 0,
) -> list[Estimate]:
    """One estimate for each figure of a statistic that gives several, all from the same resamples.

    Args:
        subjects: the subject of each item (study or lesion), in the items' order.
        statistic: from indices of items (repeats possible) to figures; NaN where one is undefined.
    Returns:
        Each figure on all items with the 2.5 and 97.5 percentiles of the resamples where it is defined;
        an empty list where there are no items.
    """
    names, owner = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    if len(names) == 0:
        return []
    items = [np.flatnonzero(owner == s) for s in range(len(names))]
    values = statistic(np.arange(len(subjects)))
    rng = np.random.default_rng(seed)
    drawn = np.array(
        [
            statistic(np.concatenate([items[s] for s in rng.integers(0, len(names), len(names))]))
            for _ in range(samples)
        ]
    )
    return [_estimate(float(value), drawn[:, i], len(names)) for i, value in enumerate(values)]


def _estimate(value: float, drawn: npt.NDArray[np.float64], subjects: int) -> Estimate:
    defined = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or defined.size == 0:
        return {"value": None, "lo": None, "hi": None, "n": subjects}
    lo, hi = np.percentile(defined, [2.5, 97.5])
    return {"value": value, "lo": float(lo), "hi": float(hi), "n": subjects}


def bootstrap(
    subjects: Sequence[str], statistic: Statistic, *, samples: int = 2000, seed: int = 0
) -> Estimate:
    """Estimate of any statistic: whole subjects are drawn with replacement, so their studies stay together.

    As bootstrap_many for one figure; no items give {"value": None, "lo": None, "hi": None, "n": 0}.

    >>> bootstrap(["a", "b"], lambda items: float(len(items)))
    {'value': 2.0, 'lo': 2.0, 'hi': 2.0, 'n': 2}
    """
    found = bootstrap_many(subjects, lambda items: [statistic(items)], samples=samples, seed=seed)
    return found[0] if found else {"value": None, "lo": None, "hi": None, "n": 0}


def bootstrap_sums(
    subjects: Sequence[str] | npt.NDArray[np.str_],
    table: npt.ArrayLike,
    statistic: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
    *,
    samples: int = 1000,
    seed: int = 0,
) -> list[Estimate]:
    """As bootstrap_many, for figures that follow from sums: quick enough for a hundred thousand items.

    Args:
        table: (items, columns), what is summed.
        statistic: from sums (rows, columns) to figures (rows, figures); NaN or infinite where undefined.

    >>> [e["value"] for e in bootstrap_sums(["a", "b"], [[1, 4], [1, 2]], lambda s: s[:, 1:] / s[:, :1])]
    [3.0]
    """
    values = np.asarray(table, dtype=float)
    names, owner = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    if len(names) == 0:
        return []
    sums = np.zeros((len(names), values.shape[1]))
    np.add.at(sums, owner, values)
    rng = np.random.default_rng(seed)
    drawn = np.empty((samples, sums.shape[1]))
    for i in range(samples):
        times = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))
        drawn[i] = times.astype(float) @ sums
    with np.errstate(divide="ignore", invalid="ignore"):
        here, resampled = statistic(sums.sum(axis=0, keepdims=True))[0], statistic(drawn)
    return [_estimate(float(value), resampled[:, i], len(names)) for i, value in enumerate(here)]


def bootstrap_median(
    subjects: Sequence[str], values: Sequence[float], *, samples: int = 1000, seed: int = 0
) -> Estimate:
    """Median of one value an item, as `bootstrap` would estimate it, but many resamples at a time; no items
    give {"value": None, "lo": None, "hi": None, "n": 0}.

    >>> bootstrap_median(["a", "a", "b"], [1, 2, 9])
    {'value': 2.0, 'lo': 1.5, 'hi': 9.0, 'n': 2}
    """
    names, owner = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    n = len(names)
    if n == 0:
        return {"value": None, "lo": None, "hi": None, "n": 0}
    order = np.argsort(values, kind="stable")
    ordered, owner = np.asarray(values, dtype=float)[order], owner[order]
    rng = np.random.default_rng(seed)
    drawn, rows = [], max(1, _AT_ONCE // len(ordered))
    for at in range(0, samples, rows):
        here = min(rows, samples - at)
        places = rng.integers(0, n, (here, n)) + n * np.arange(here)[:, None]
        times = np.bincount(places.ravel(), minlength=here * n).reshape(here, n)
        upto = times[:, owner].cumsum(axis=1)
        half = upto[:, -1:] / 2  # of an even number the middle two count half each
        drawn.append((ordered[(upto >= half).argmax(axis=1)] + ordered[(upto > half).argmax(axis=1)]) / 2)
    return _estimate(float(np.median(ordered)), np.concatenate(drawn), n)


def mean_estimate(
    values: Sequence[float], subjects: Sequence[str], *, samples: int = 2000, seed: int = 0
) -> Estimate:
    """Mean of one value an item (a hit as 0 or 1 makes it a share); raises ShapeError on unequal lengths."""
    if len(values) != len(subjects):
        raise ShapeError("One subject a value is needed.")
    array = np.asarray(values, dtype=float)
    return bootstrap(subjects, lambda items: float(array[items].mean()), samples=samples, seed=seed)


def paired_difference(
    a: Sequence[float], b: Sequence[float], subjects: Sequence[str], *, samples: int = 2000, seed: int = 0
) -> Estimate:
    """Mean of b - a over the same items: both systems see the same resample. Raises ShapeError."""
    if not len(a) == len(b) == len(subjects):
        raise ShapeError("Paired values need the same items.")
    return mean_estimate(
        list(np.asarray(b, dtype=float) - np.asarray(a, dtype=float)), subjects, samples=samples, seed=seed
    )
