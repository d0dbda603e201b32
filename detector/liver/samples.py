"""What a liver network learns from: every phase of every case that has a liver mask, on cubes of the body."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from detector.data.cases import Case
from detector.data.grid import sample
from detector.data.images import load_case
from detector.errors import TrainingError
from detector.geometry import VolumeGeometry
from detector.liver.augmentation import random_view
from detector.liver.body import AIR, channels, find_body
from detector.liver.config import LiverPlan
from detector.volume import Volume

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Sample:
    """One phase: HU int16 and liver uint8 (Z, Y, X), memory-mapped."""

    hu: npt.NDArray[np.int16]
    liver: npt.NDArray[np.uint8]


def on_grid(liver: npt.NDArray[np.uint8], own: VolumeGeometry, grid: VolumeGeometry) -> npt.NDArray[np.bool_]:
    """A mask on another grid: where at least half of a voxel is inside."""
    return np.asarray(sample(Volume(liver, own), grid, hu_window=(0.0, 1.0)) >= 0)


def build_samples(cases: Sequence[Case], plan: LiverPlan, folder: Path) -> list[Sample]:
    """The samples of all cases with a liver, written to `folder` and read as they are needed.

    Raises:
        TrainingError: no case has a liver mask with something in it.
    """
    samples: list[Sample] = []
    for case in (c for c in cases if c.liver is not None):
        study = load_case(case)
        for volume in study.volumes.values():
            body = find_body(volume, plan.spacing_mm)
            if body is None or study.liver is None:
                continue
            # A registered phase may end before the liver does: what was not scanned teaches nothing.
            liver = on_grid(study.liver, study.geometry, body.geometry) & (body.hu > AIR + 10)
            if liver.any():
                arrays = []
                for name, array in (
                    ("hu", np.rint(body.hu).astype(np.int16)),
                    ("liver", liver.astype(np.uint8)),
                ):
                    path = folder / f"{len(samples)}-{name}.npy"
                    np.save(path, array)
                    arrays.append(np.load(path, mmap_mode="r"))
                samples.append(Sample(*arrays))
    if not samples:
        raise TrainingError(
            "No case has a liver mask to learn from.",
            remedy="Import studies with their liver masks, or name them in the case list.",
        )
    return samples


def batches(samples: Sequence[Sample], plan: LiverPlan) -> Iterator[Batch]:
    """(B, 4, Z, Y, X) inputs and (B, 1, Z, Y, X) livers without end: every sample once, in a new order,
    before any comes again; one height a batch."""
    rng = np.random.default_rng(plan.seed)
    waiting: list[int] = []
    for _ in itertools.count():
        while len(waiting) < plan.batch:
            waiting.extend(rng.permutation(len(samples)).tolist())
        chosen, waiting = waiting[: plan.batch], waiting[plan.batch :]
        depth = int(rng.choice(plan.depths))
        views = []
        for index in chosen:
            hu = torch.from_numpy(samples[index].hu.astype(np.float32))
            liver = torch.from_numpy(samples[index].liver.astype(np.float32))
            views.append(random_view(hu, liver, depth, plan, rng))
        yield (
            torch.stack([channels(hu, plan) for hu, _ in views]),
            torch.stack([liver[None] for _, liver in views]),
        )
