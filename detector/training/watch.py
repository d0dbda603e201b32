"""Whether a training still learns: losses that are not finite, and losses that run away."""

from __future__ import annotations

import math

FIRST = 10  # losses whose mean is where the training began
SMOOTHING = 0.9
RUNAWAY = 20.0  # times the first losses; a change from crops to whole inputs raises them a few times


class LossWatch:
    """Follows the loss step by step. `look` returns what is wrong with it: "loss" or "gradient" that is not
    finite, "runaway", or None."""

    def __init__(self) -> None:
        self.first: list[float] = []
        self.smooth = 0.0

    def look(self, loss: float, gradient_norm: float) -> str | None:
        if not math.isfinite(loss):
            return "loss"
        if not math.isfinite(gradient_norm):
            return "gradient"
        if len(self.first) < FIRST:
            self.first.append(loss)
            self.smooth = sum(self.first) / len(self.first)
            return None
        self.smooth = SMOOTHING * self.smooth + (1 - SMOOTHING) * loss
        if self.smooth > RUNAWAY * max(sum(self.first) / FIRST, 1e-3):
            return "runaway"
        return None
