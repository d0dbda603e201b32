"""The one training loop: AdamW on a cosine, an exponential moving average, clipped gradients.

    averaged = run_loop(model, batches, loss, LoopSettings(steps=500), on_progress=report)

`batches` yields batches without end; `loss(model, batch)` gives the terms of the loss by name, of which
"loss" is minimised and all are reported. The caller seeds with `seed_everything` before it builds the model,
and writes the averaged weights with detector.weights.
"""

from __future__ import annotations

import copy
import math
import random
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from detector.contracts import Progress
from detector.errors import TrainingError

Batch = TypeVar("Batch")
Loss = Callable[[nn.Module, Batch], Mapping[str, Tensor]]


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How long and how fast. `lr` falls by half a cosine to 1 % after `warmup` steps of linear rise.

    `ema_decay` is reached slowly: step t uses min(ema_decay, (1 + t) / (10 + t)), so that a short run is not
    held back by its first weights. `clip_norm` is the greatest norm of all gradients together.
    """

    steps: int
    lr: float = 2.5e-4
    weight_decay: float = 1e-4
    warmup: int = 10
    ema_decay: float = 0.998
    clip_norm: float = 10.0
    report_every: int = 10
    checkpoint_every: int = 0


class TrainingStopped(TrainingError):
    """SIGTERM came: the training ended and left no weights."""

    code = "training_stopped"


def seed_everything(seed: int) -> None:
    """Seeds Python, numpy and torch: on one machine the same seed gives the same weights."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


@contextmanager
def stop_on_sigterm() -> Iterator[None]:
    """Turns SIGTERM into TrainingStopped while a training runs in the main thread."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TrainingStopped("The training was stopped.", remedy="Start it again when wanted.")

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def learning_rate(step: int, settings: LoopSettings) -> float:
    """The rate of step 0..steps-1.

    >>> [round(learning_rate(s, LoopSettings(steps=3, lr=1.0, warmup=1)), 3) for s in (0, 1, 2)]
    [1.0, 1.0, 0.505]
    """
    if step < settings.warmup:
        return settings.lr * (step + 1) / settings.warmup
    done = (step - settings.warmup) / max(settings.steps - settings.warmup, 1)
    return settings.lr * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def run_loop(
    model: nn.Module,
    batches: Iterator[Batch],
    loss: Loss[Batch],
    settings: LoopSettings,
    *,
    on_progress: Callable[[Progress], None],
    on_checkpoint: Callable[[int, nn.Module], None] | None = None,
) -> nn.Module:
    """Trains `model` in place and returns its moving average in eval mode.

    `on_progress` is called every `report_every` steps and after the last with the means since the report
    before; `on_checkpoint(step, averaged)` every `checkpoint_every` steps where both are given.

    Raises:
        TrainingError: fewer than one step, the loss is not finite, or memory ran out.
        TrainingStopped: SIGTERM, inside stop_on_sigterm.
    """
    if settings.steps < 1:
        raise TrainingError("A training needs at least one step.", remedy="Set steps to 1 or more.")
    averaged = copy.deepcopy(model).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    sums: dict[str, float] = {}
    counted = 0
    model.train()
    for step in range(settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, settings)
        terms = _step(model, next(batches), loss, optimizer, settings)
        if not math.isfinite(terms["loss"]):
            raise TrainingError(
                f"The loss is not finite at step {step + 1}.",
                remedy="Lower the learning rate (--set lr=...) or look for damaged volumes.",
            )
        _average(averaged, model, min(settings.ema_decay, (1 + step) / (10 + step)))
        counted += 1
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + value
        done = step + 1
        if done % settings.report_every == 0 or done == settings.steps:
            values = {name: total / counted for name, total in sums.items()}
            values["lr"] = learning_rate(step, settings)
            on_progress(Progress(done, settings.steps, values, f"step {done} of {settings.steps}"))
            sums, counted = {}, 0
        if on_checkpoint and settings.checkpoint_every and done % settings.checkpoint_every == 0:
            on_checkpoint(done, averaged)
    return averaged


def _step(
    model: nn.Module,
    batch: Batch,
    loss: Loss[Batch],
    optimizer: torch.optim.Optimizer,
    settings: LoopSettings,
) -> dict[str, float]:
    try:
        terms = loss(model, batch)
        optimizer.zero_grad(set_to_none=True)
        terms["loss"].backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise TrainingError(
            "Memory ran out.", remedy="Lower the batch (--set batch=1) or take a smaller size."
        ) from error
    optimizer.step()
    return {name: float(value.detach()) for name, value in terms.items()}


@torch.no_grad()
def _average(averaged: nn.Module, model: nn.Module, decay: float) -> None:
    for mean, new in zip(averaged.state_dict().values(), model.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(new, 1 - decay)
        else:
            mean.copy_(new)  # counters of batch normalisation
