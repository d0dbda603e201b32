"""What the machine saves, in seconds a study: the control arm, drawn from scratch, less the studies read with
candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.evaluation.bootstrap import Estimate
from harvest.labour.means import bootstrap_t, percentiles, resample

# An interval of fewer studies than this is a guess: the page says how many are missing.
ENOUGH = 10


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

    Studies are drawn with replacement in each arm by itself. Means, their difference and the share (over the
    logarithm of the ratio) have 95 % bootstrap-t intervals, medians those of percentiles. An arm of one study
    gives values without intervals. Estimates of both arms have the smaller arm's n.
    """
    rng = np.random.default_rng(seed)
    a, b = resample(scratch, rng), resample(shown, rng)
    n = min(a.n, b.n)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(b.means / a.means)
        ratio_error = np.hypot(a.errors / a.means, b.errors / b.means)
    left = bootstrap_t(ratio, ratio_error, n)
    return Saved(
        scratch_mean=bootstrap_t(a.means, a.errors, a.n),
        scratch_median=percentiles(a.medians, a.n),
        shown_mean=bootstrap_t(b.means, b.errors, b.n),
        shown_median=percentiles(b.medians, b.n),
        seconds=bootstrap_t(a.means - b.means, np.hypot(a.errors, b.errors), n),
        share={
            "value": _saved(left["value"]),
            "lo": _saved(left["hi"]),
            "hi": _saved(left["lo"]),
            "n": n,
        },
        missing_scratch=max(0, ENOUGH - a.n),
        missing_shown=max(0, ENOUGH - b.n),
    )


def _saved(log_ratio: float | None) -> float | None:
    return None if log_ratio is None else 1 - float(np.exp(log_ratio))
