"""What a liver network learns from: every phase of every case that has a liver mask, on cubes of the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.data.cases import Case
from detector.data.grid import sample
from detector.data.images import load_case
from detector.errors import TrainingError
from detector.geometry import VolumeGeometry
from detector.liver.body import AIR, find_body
from detector.liver.config import LiverPlan
from detector.volume import Volume

HU, LIVER = "hu.npy", "liver.npy"


@dataclass(frozen=True, slots=True)
class Sample:
    """One phase: HU int16 and liver uint8 (Z, Y, X), memory-mapped."""

    hu: npt.NDArray[np.int16]
    liver: npt.NDArray[np.uint8]


def on_grid(liver: npt.NDArray[np.uint8], own: VolumeGeometry, grid: VolumeGeometry) -> npt.NDArray[np.bool_]:
    """A mask on another grid: where at least half of a voxel is inside."""
    return np.asarray(sample(Volume(liver, own), grid, hu_window=(0.0, 1.0)) >= 0)


def build_samples(cases: Sequence[Case], plan: LiverPlan, folder: Path) -> None:
    """Writes the samples of all cases with a liver into `folder`, where `read_samples` finds them.

    Raises:
        TrainingError: no case has a liver mask with something in it.
    """
    count = 0
    for case in (c for c in cases if c.liver is not None):
        study = load_case(case)
        for volume in study.volumes.values():
            body = find_body(volume, plan.spacing_mm)
            if body is None or study.liver is None:
                continue
            # A registered phase may end before the liver does: what was not scanned teaches nothing.
            liver = on_grid(study.liver, study.geometry, body.geometry) & (body.hu > AIR + 10)
            if liver.any():
                np.save(folder / f"{count}-{HU}", np.rint(body.hu).astype(np.int16))
                np.save(folder / f"{count}-{LIVER}", liver.astype(np.uint8))
                count += 1
    if not count:
        raise TrainingError(
            "No case has a liver mask to learn from.",
            remedy="Import studies with their liver masks, or name them in the case list.",
        )


def read_samples(folder: Path) -> list[Sample]:
    """The samples that `build_samples` wrote, read as they are needed."""
    count = sum(1 for _ in folder.glob(f"*-{HU}"))
    return [
        Sample(*(np.load(folder / f"{number}-{name}", mmap_mode="r") for name in (HU, LIVER)))
        for number in range(count)
    ]
