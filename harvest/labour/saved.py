"""What the machine saves, in seconds a study: the control arm, drawn from scratch, less the studies read with
candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from detector.evaluation.bootstrap import Estimate
from detector.evaluation.shares import difference
from harvest.labour.means import mapped, mean_seconds, median_seconds

# With fewer studies an interval is too wide to lean on: the page says how many are missing.
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


def labour_saved(scratch: Sequence[float], shown: Sequence[float]) -> Saved:
    """From the active seconds of each study drawn from scratch, and of each read with candidates.

    The difference of means and the share follow from the means and their intervals. An arm of one study
    gives values without intervals.
    """
    a, b = mean_seconds(scratch), mean_seconds(shown)
    return Saved(
        scratch_mean=a,
        scratch_median=median_seconds(scratch),
        shown_mean=b,
        shown_median=median_seconds(shown),
        seconds=difference(a, b),
        share=_share(a, b),
        missing_scratch=max(0, ENOUGH - len(scratch)),
        missing_shown=max(0, ENOUGH - len(shown)),
    )


def _share(scratch: Estimate, shown: Estimate) -> Estimate:
    """Of the control arm's time, by the logarithm of the ratio of both; null where either took no time."""
    if not scratch["value"] or not shown["value"]:
        return {"value": None, "lo": None, "hi": None, "n": min(scratch["n"], shown["n"])}
    ratio = difference(mapped(shown, log), mapped(scratch, log))
    return mapped(ratio, lambda logarithm: 1 - exp(logarithm))
