"""Batches as trees of tensors, written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from torch import Tensor


def tensors_of(batch: object, name: str = "batch") -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a batch with where it lies in it, such as "batch.targets.heatmap"."""
    if isinstance(batch, Tensor):
        yield name, batch
    elif isinstance(batch, tuple):
        for number, part in enumerate(batch):
            yield from tensors_of(part, f"{name}.{number}")
    elif is_dataclass(batch) and not isinstance(batch, type):
        for field in fields(batch):
            yield from tensors_of(getattr(batch, field.name), f"{name}.{field.name}")


def save_batch(path: Path, batch: object, about: dict[str, Any]) -> None:
    """Writes the tensors of a batch (safetensors), `about` as JSON in its header."""
    from safetensors.torch import save_file

    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors_of(batch)}
    save_file(tensors, path, {"about": json.dumps(about)})
