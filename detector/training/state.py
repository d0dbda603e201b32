"""The state of a running training on disk: what a killed one goes on from, bit for bit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from detector.errors import TrainingError
from detector.training.watch import LossWatch


@dataclass(slots=True)
class Running:
    """A training between two steps. `step` is the next one; `sums` and `counted` are what the next report
    tells; `parts` into how many parts a process takes its share of a step."""

    model: nn.Module
    averaged: nn.Module
    optimizer: Optimizer
    step: int = 0
    parts: int = 1
    sums: dict[str, float] = field(default_factory=dict)
    counted: int = 0
    watch: LossWatch = field(default_factory=LossWatch)


class StateFile:
    """`path` holds the last state written of the training that `key` tells from any other."""

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self.key = key

    def write(self, running: Running) -> None:
        """Replaces the file in one step: a kill leaves the former state or this one, never half of it."""
        from safetensors.torch import save

        about = {
            "key": self.key,
            "step": running.step,
            "parts": running.parts,
            "sums": running.sums,
            "counted": running.counted,
            "first": running.watch.first,
            "smooth": running.watch.smooth,
        }
        tensors = {name: t.detach().cpu().contiguous().clone() for name, t in _tensors(running)}
        tensors["random"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["random_cuda"] = torch.cuda.get_rng_state()
        partial = self.path.with_name(self.path.name + ".partial")
        with partial.open("wb") as file:
            file.write(save(tensors, {"about": json.dumps(about)}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self.path)

    def read(self, running: Running) -> bool:
        """Fills `running` from the file; False where there is none.

        Raises:
            TrainingError: the file is damaged, or of another training.
        """
        from safetensors import SafetensorError, safe_open

        if not self.path.exists():
            return False
        try:
            with safe_open(self.path, "pt") as file:
                about = json.loads(file.metadata()["about"])
                held = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            if about["key"] != self.key:
                raise TrainingError(
                    "The state that was left is of a training with another plan, cases or first weights.",
                    remedy="Start without --resume, or with what it was begun with.",
                )
            _fill(running, held)
        except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
            raise TrainingError(
                "The state that was left cannot be read.", remedy="Start without --resume."
            ) from error
        running.step, running.parts = about["step"], about["parts"]
        running.sums, running.counted = about["sums"], about["counted"]
        running.watch.first, running.watch.smooth = about["first"], about["smooth"]
        return True


def _tensors(running: Running) -> Iterator[tuple[str, Tensor]]:
    for name, module in (("model", running.model), ("averaged", running.averaged)):
        for key, tensor in module.state_dict().items():
            yield f"{name}/{key}", tensor
    for number, slots in running.optimizer.state_dict()["state"].items():
        for key, tensor in slots.items():
            yield f"optimizer/{number}/{key}", tensor


def _fill(running: Running, held: dict[str, Tensor]) -> None:
    for name, module in (("model", running.model), ("averaged", running.averaged)):
        start = f"{name}/"
        module.load_state_dict({k.removeprefix(start): t for k, t in held.items() if k.startswith(start)})
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in held.items():
        if name.startswith("optimizer/"):
            _, number, key = name.split("/", 2)
            slots.setdefault(int(number), {})[key] = tensor
    groups = running.optimizer.state_dict()["param_groups"]
    running.optimizer.load_state_dict({"state": slots, "param_groups": groups})
    torch.set_rng_state(held["random"])
    if torch.cuda.is_available() and "random_cuda" in held:
        torch.cuda.set_rng_state(held["random_cuda"])
