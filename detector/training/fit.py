"""From a network and its task to a weights file: what every family's trainer does alike."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel
from torch import nn

from detector.contracts import Progress
from detector.hardware import world
from detector.training.leftovers import SAMPLES_NAME, STATE_NAME
from detector.training.loop import FAILED_NAME, LoopSettings, run_loop
from detector.training.state import StateFile
from detector.training.task import Task
from detector.weights import save_weights, sha256

Batch = TypeVar("Batch")
Network = TypeVar("Network", bound=nn.Module)
Kept = TypeVar("Kept")
WEIGHTS_NAME = "weights.safetensors"


def training_key(family: str, plan: BaseModel, cases: Path, initial_weights: Path | None) -> str:
    """Tells a training from any other: what its state and its samples may be used again for."""
    first = sha256(initial_weights) if initial_weights else None
    told = [family, plan.model_dump(mode="json"), sha256(cases), first]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def settings_of(plan: BaseModel) -> LoopSettings:
    """The loop's settings from the plan's fields of their names, and defaults for what a plan has not."""
    names = [f.name for f in fields(LoopSettings) if f.name in type(plan).model_fields]
    return LoopSettings(**{name: getattr(plan, name) for name in names})


def fit(
    network: Network,
    task: Task[Batch],
    *,
    out: Path,
    plan: BaseModel,
    family: str,
    key: str,
    on_progress: Callable[[Progress], None],
    on_look: Callable[[nn.Module], Mapping[str, float]] | None = None,
) -> tuple[Network, Path]:
    """Trains, and writes the moving average to `out`/weights.safetensors (fp16), checkpoints beside it.

    Goes on from a state of the same `key` that a killed training left in `out`. Of several processes the
    first alone writes. Returns the averaged network and the file.
    """
    out.mkdir(parents=True, exist_ok=True)
    weights = out / WEIGHTS_NAME
    written = plan.model_dump(mode="json")

    def checkpoint(step: int, averaged: nn.Module) -> None:
        if world().first:
            save_weights(out / f"checkpoint-{step}.safetensors", averaged.state_dict(), written, family)

    averaged = run_loop(
        network,
        task,
        settings_of(plan),
        on_progress=on_progress,
        on_checkpoint=checkpoint,
        on_look=on_look,
        state=StateFile(out / STATE_NAME, key),
        failed=out / FAILED_NAME,
    )
    if world().first:
        save_weights(weights, averaged.state_dict(), written, family)
    world().wait()
    return averaged, weights


def kept_samples(
    out: Path,
    key: str,
    build: Callable[[Path], None],
    load: Callable[[Path], Kept],
    *,
    name: str = SAMPLES_NAME,
) -> Kept:
    """Samples in `out`/`name`: built once by the first process, read by all, used again by a resumed
    training of the same key."""
    folder = out / name
    mark = folder / "complete"
    if world().first and not (mark.exists() and mark.read_text() == key):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            build(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        mark.write_text(key)
    world().wait()
    return load(folder)
