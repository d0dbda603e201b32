"""What a family gives the training loop: batches by number, and a loss whose parts add up."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol, TypeVar

import numpy as np
from torch import Tensor, nn

Batch = TypeVar("Batch")


class Task(Protocol[Batch]):
    """A step takes `size(step)` samples, numbered from 0.

    Everything random about one of them comes from `sample_rng(seed, step, its number)`, so a step holds the
    same samples whoever computes which part of them and whatever was computed before. That is what makes a
    resumed training, one in parts (gradient accumulation) and one on several processes equal to a whole one.
    """

    def size(self, step: int) -> int:
        """How many samples step 0.. takes, over all processes."""
        ...

    def batch(self, step: int, which: range) -> Batch:
        """Those samples of the step, on the CPU: tensors in tuples or dataclasses. Runs in a thread of its
        own, ahead of the step, and must not touch torch's random numbers."""
        ...

    def count(self, batch: Batch) -> float:
        """How much of what the loss is divided by lies in this part: samples, or lesions."""
        ...

    def loss(self, model: nn.Module, batch: Batch, count: float) -> Mapping[str, Tensor]:
        """The terms by name, of which "loss" is minimised: sums over the part, divided by the `count` of the
        whole step (0 where nothing counts), so that the terms of its parts add up to those of the step."""
        ...


def sample_rng(seed: int, step: int, number: int) -> np.random.Generator:
    """The random numbers of one sample of one step."""
    return np.random.default_rng([seed % 2**32, step, number])


@lru_cache(maxsize=4)
def _order(seed: int, samples: int, epoch: int) -> tuple[int, ...]:
    return tuple(np.random.default_rng([seed % 2**32, epoch]).permutation(samples).tolist())


def shuffled(seed: int, samples: int, position: int) -> int:
    """Which of `samples` comes at `position` of an endless list in which each comes once, in a new order,
    before any comes again.

    >>> [sorted(shuffled(7, 3, p) for p in range(3 * e, 3 * e + 3)) for e in (0, 1)]
    [[0, 1, 2], [0, 1, 2]]
    """
    epoch, place = divmod(position, samples)
    return _order(seed, samples, epoch)[place]
