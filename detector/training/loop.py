"""The one training loop: AdamW on a cosine, an exponential moving average, clipped gradients.

    averaged = run_loop(model, task, LoopSettings(steps=500), on_progress=report)

A `Task` (detector.training.task) gives batches by number and a loss whose parts add up, so a step may be
taken in parts (on small memory), by several processes (torchrun), or again after a kill, and stays the same
step. The caller seeds with `seed_everything` before it builds the model.
"""

from __future__ import annotations

import copy
import math
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import nn

from detector.contracts import Progress
from detector.errors import TrainingError
from detector.hardware import Precision, choose_device, in_bf16, moved, peak_memory_gib, world
from detector.training.ahead import Ahead
from detector.training.batches import save_batch
from detector.training.state import Running, StateFile
from detector.training.task import Task

Batch = TypeVar("Batch")
Network = TypeVar("Network", bound=nn.Module)
FAILED_NAME = "failed-batch.safetensors"
STATE_EVERY_S = 10.0
LOOKS = 10  # a training is looked at about so often on its way
LOOK_SHARE = 10  # and at most every so many times as long as the last look took
STATE_SHARE = 20  # a state is written at most every so many times as long as writing the last one took


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How long and how fast. `lr` falls by half a cosine to 1 % after `warmup` steps of linear rise.

    `ema_decay` is reached slowly: step t uses min(ema_decay, (1 + t) / (10 + t)), so that a short run is not
    held back by its first weights. `clip_norm` is the greatest norm of all gradients together. `parts` are
    the parts in which each process takes its samples of a step, to need less memory.
    """

    steps: int
    lr: float = 2.5e-4
    weight_decay: float = 1e-4
    warmup: int = 10
    ema_decay: float = 0.998
    clip_norm: float = 10.0
    report_every: int = 10
    checkpoint_every: int = 0
    parts: int = 1
    precision: Precision = "fp32"


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
        raise TrainingStopped(
            "The training was stopped.", remedy="Start it again, with --resume to go on where it was."
        )

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
    model: Network,
    task: Task[Batch],
    settings: LoopSettings,
    *,
    on_progress: Callable[[Progress], None],
    on_checkpoint: Callable[[int, nn.Module], None] | None = None,
    on_look: Callable[[nn.Module], Mapping[str, float]] | None = None,
    state: StateFile | None = None,
    failed: Path | None = None,
) -> Network:
    """Trains `model` in place, on the GPU where there is one, and returns its moving average in eval mode.

    `on_progress` is called every `report_every` steps and after the last with the means since the report
    before, "samples_per_s" and "loader_share" (of the time, spent waiting for batches) among them;
    `on_look(averaged)` is asked about ten times on the way for what else a report shall tell; it must leave
    the network as it is and draw no random numbers, for it changes nothing.
    `on_checkpoint(step, averaged)` every `checkpoint_every` steps where both are given. Where `state` holds
    a state the training goes on from it; it is written every ten seconds or so and after
    the last step. Where memory runs out the step
    is taken again in twice as many parts, and said.

    Raises:
        TrainingError: fewer than one step, memory that runs out even for one sample, a state of another
            training, or a loss that is not finite or runs away: its batch is then left in `failed`.
        TrainingStopped: SIGTERM, inside stop_on_sigterm.
    """
    if settings.steps < 1:
        raise TrainingError("A training needs at least one step.", remedy="Set steps to 1 or more.")
    device = choose_device()
    model.to(device)
    world().agree(list(model.state_dict().values()))
    averaged = copy.deepcopy(model).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    running = Running(model, averaged, optimizer, parts=settings.parts)
    if state and state.read(running):
        on_progress(Progress(running.step, settings.steps, {}, f"going on after step {running.step}"))
    begun_at = running.step
    model.train()
    loop = _Loop(running, task, settings, device, on_progress, on_look, failed)
    written, cost = time.monotonic(), 0.0
    try:
        while running.step < settings.steps:
            loop.step()
            if on_checkpoint and settings.checkpoint_every and running.step % settings.checkpoint_every == 0:
                on_checkpoint(running.step, averaged)
            if state and time.monotonic() - written >= max(STATE_EVERY_S, STATE_SHARE * cost):
                begun = time.monotonic()
                if world().first:
                    state.write(running)
                written = time.monotonic()
                cost = written - begun
        if state and world().first and running.step > begun_at:
            state.write(running)  # a training of several networks passes over those that are done
    finally:
        loop.ahead.close()
    return averaged


class _Loop(Generic[Batch]):
    """One step after the other, and what is told of them."""

    def __init__(
        self,
        running: Running,
        task: Task[Batch],
        settings: LoopSettings,
        device: torch.device,
        on_progress: Callable[[Progress], None],
        on_look: Callable[[nn.Module], Mapping[str, float]] | None,
        failed: Path | None,
    ) -> None:
        self.running, self.task, self.settings, self.device = running, task, settings, device
        self.on_progress, self.on_look, self.failed = on_progress, on_look, failed
        self.look_again, self.looked_at_step = 0.0, running.step
        self.bf16 = in_bf16(settings.precision, device)
        self.ahead: Ahead[list[Batch]] = Ahead(self._batches, settings.steps - 1)
        self.samples, self.since = 0, time.perf_counter()

    def step(self) -> None:
        running, settings = self.running, self.settings
        number = running.step
        for group in running.optimizer.param_groups:
            group["lr"] = learning_rate(number, settings)
        terms = self._learn(number)
        running.optimizer.step()
        _average(running.averaged, running.model, min(settings.ema_decay, (1 + number) / (10 + number)))
        running.step += 1
        running.counted += 1
        self.samples += self.task.size(number)
        for name, value in terms.items():
            running.sums[name] = running.sums.get(name, 0.0) + value
        if running.step % settings.report_every == 0 or running.step == settings.steps:
            self._report()

    def _batches(self, step: int, parts: int) -> list[Batch]:
        """This process's share of a step, in parts of which none is empty."""
        mine = world().share(self.task.size(step))
        cuts = [mine.start + part * len(mine) // parts for part in range(parts + 1)]
        return [self.task.batch(step, range(a, b)) for a, b in pairwise(cuts) if a < b]

    def _learn(self, number: int) -> dict[str, float]:
        """Leaves the gradients of a step on the model and returns the terms of its loss."""
        while True:
            batches = self.ahead.take(number, self.running.parts)
            try:
                terms, norm = self._gradients(batches)
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not _out_of_memory(error):
                    raise
                self._smaller(number, error)
                continue
            wrong = self.running.watch.look(terms["loss"], norm)
            if wrong:
                self._fail(number + 1, batches, wrong, terms)
            return terms

    def _gradients(self, batches: list[Batch]) -> tuple[dict[str, float], float]:
        running, here = self.running, world()
        running.optimizer.zero_grad(set_to_none=True)
        count = here.total(sum(self.task.count(batch) for batch in batches), self.device)
        terms: dict[str, torch.Tensor] = {}
        for batch in batches:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                part = self.task.loss(running.model, moved(batch, self.device), count)
            part["loss"].backward()
            for name, value in part.items():
                terms[name] = terms[name] + value.detach() if name in terms else value.detach()
        here.add_gradients(running.model)
        norm = nn.utils.clip_grad_norm_(running.model.parameters(), self.settings.clip_norm)
        return {name: here.total(float(value), self.device) for name, value in terms.items()}, float(norm)

    def _smaller(self, number: int, error: BaseException) -> None:
        """Takes a step in more parts from now on; several processes would have to agree, so they stop."""
        mine = len(world().share(self.task.size(number)))
        if self.running.parts >= mine or world().size > 1:
            raise TrainingError(
                "Memory ran out.", remedy="Lower the batch (--set batch=1) or take a smaller size."
            ) from error
        self.running.parts = min(2 * self.running.parts, mine)
        self.running.optimizer.zero_grad(set_to_none=True)
        self.on_progress(
            Progress(
                number,
                self.settings.steps,
                {},
                f"warning: memory ran out; each step is now taken in {self.running.parts} parts",
            )
        )

    def _fail(self, step: int, batches: list[Batch], wrong: str, terms: dict[str, float]) -> None:
        if self.failed and world().first:
            told = {name: value if math.isfinite(value) else str(value) for name, value in terms.items()}
            save_batch(self.failed, tuple(batches), {"step": step, "terms": told})
        remedy = (
            "Lower the learning rate (--set lr=...) or look for damaged volumes; the batch was kept as "
            "failed-batch.safetensors."
        )
        if wrong == "runaway":
            raise TrainingError(f"The loss has run away by step {step}.", remedy=remedy)
        if wrong == "gradient":
            raise TrainingError(f"The gradient is not finite at step {step}.", remedy=remedy)
        raise TrainingError(f"The loss is not finite at step {step}.", remedy=remedy)

    def _report(self) -> None:
        running, settings = self.running, self.settings
        now = time.perf_counter()
        values = {name: total / running.counted for name, total in running.sums.items()}
        values["lr"] = learning_rate(running.step - 1, settings)
        values["samples_per_s"] = self.samples / (now - self.since)
        values["loader_share"] = self.ahead.waited_s / (now - self.since)
        values["memory_gib"] = peak_memory_gib(self.device)
        values |= self._look()
        step, total = running.step, settings.steps
        self.on_progress(Progress(step, total, values, f"step {step} of {total}"))
        running.sums, running.counted = {}, 0
        self.samples, self.since, self.ahead.waited_s = 0, time.perf_counter(), 0.0

    def _look(self) -> dict[str, float]:
        """What `on_look` says, where it is time to ask; short trainings are not worth it."""
        step, steps, begun = self.running.step, self.settings.steps, time.monotonic()
        every = steps // LOOKS
        due = every >= self.settings.report_every and step - self.looked_at_step >= every
        if not (self.on_look and due and step < steps and world().first and begun >= self.look_again):
            return {}
        told = dict(self.on_look(self.running.averaged))
        self.looked_at_step = step
        self.look_again = time.monotonic() + LOOK_SHARE * (time.monotonic() - begun)
        return told


def _out_of_memory(error: BaseException) -> bool:
    """torch tells of a CPU that has no memory left by a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)


@torch.no_grad()
def _average(averaged: nn.Module, model: nn.Module, decay: float) -> None:
    for mean, new in zip(averaged.state_dict().values(), model.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(new, 1 - decay)
        else:
            mean.copy_(new)  # counters of batch normalisation
