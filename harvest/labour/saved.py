"""What the machine saves, in seconds a study: the control arm, drawn from scratch, less the studies read with
candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.evaluation.bootstrap import Estimate

# An interval of fewer studies than this is a guess: the page says how many are missing.
ENOUGH = 10
_SAMPLES = 2000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Saved:
    """Active seconds a study in both arms; what is saved of them in seconds and as a share of the control
    arm, both null where an arm is empty. `missing` studies of each arm lack to ENOUGH."""

    scratch_mean: Estimate
    scratch_median: Estimate
    shown_mean: Estimate
    shown_median: Estimate
    seconds: Estimate
    share: Estimate
    missing_scratch: int
    missing_shown: int


def labour_saved(scratch: Sequence[float], shown: Sequence[float], *, seed: int = 0) -> Saved:
    """From the active seconds of each study drawn from scratch, and of each read with candidates.

    95 % percentile intervals; studies are drawn with replacement in each arm by itself. An arm of one study
    gives values without intervals. Estimates of both arms have the smaller arm's n.
    """
    rng = np.random.default_rng(seed)
    a, b = (np.asarray(values, dtype=float) for values in (scratch, shown))
    a_mean, a_median = _drawn(a, rng)
    b_mean, b_median = _drawn(b, rng)
    n = min(len(a), len(b))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (a_mean - b_mean) / a_mean
    return Saved(
        scratch_mean=_estimate(a_mean, len(a)),
        scratch_median=_estimate(a_median, len(a)),
        shown_mean=_estimate(b_mean, len(b)),
        shown_median=_estimate(b_median, len(b)),
        seconds=_estimate(a_mean - b_mean, n),
        share=_estimate(share, n),
        missing_scratch=max(0, ENOUGH - len(a)),
        missing_shown=max(0, ENOUGH - len(b)),
    )


def mean_seconds(values: Sequence[float], *, seed: int = 0) -> Estimate:
    """Mean of a study's seconds with its interval, resampled by study; null without a study."""
    array = np.asarray(values, dtype=float)
    return _estimate(_drawn(array, np.random.default_rng(seed))[0], len(array))


def _drawn(values: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(1 + samples,) means and medians: of all values first, then of the resamples; NaN without values."""
    if not len(values):
        nothing = np.full(1 + _SAMPLES, np.nan)
        return nothing, nothing
    means, medians = [values.mean()], [np.median(values)]
    for _ in range(_SAMPLES):
        sample = values[rng.integers(0, len(values), len(values))]
        means.append(sample.mean())
        medians.append(np.median(sample))
    return np.array(means), np.array(medians)


def _estimate(drawn: Floats, n: int) -> Estimate:
    value, defined = float(drawn[0]), drawn[1:][np.isfinite(drawn[1:])]
    if not np.isfinite(value):
        return {"value": None, "lo": None, "hi": None, "n": n}
    if n < 2 or not defined.size:
        return {"value": value, "lo": None, "hi": None, "n": n}
    lo, hi = np.percentile(defined, [2.5, 97.5])
    return {"value": value, "lo": float(lo), "hi": float(hi), "n": n}
