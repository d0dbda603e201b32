"""A task that can be solved by hand: y = 3 x + 1."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from detector.training.task import sample_rng


class Line:
    """detector.training.task.Task of 16 samples a step."""

    def size(self, step: int) -> int:
        return 16

    def batch(self, step: int, which: range) -> Tensor:
        return torch.tensor([[float(sample_rng(0, step, n).normal())] for n in which])

    def count(self, batch: Tensor) -> float:
        return len(batch)

    def loss(self, model: nn.Module, batch: Tensor, count: float) -> Mapping[str, Tensor]:
        error = (model(batch) - (3 * batch + 1)).square().sum() / count
        return {"loss": error, "error": error.detach()}
