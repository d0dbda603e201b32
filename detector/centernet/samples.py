"""The samples of a training: each phase of each case on its input grid, kept as fp16 in one file on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.centernet.plan import CenterNetPlan
from detector.centernet.targets import SampleMarks
from detector.data.cases import Case, Mark
from detector.data.grid import input_geometry, sample
from detector.data.images import load_case
from detector.errors import TrainingError
from detector.geometry import VolumeGeometry


@dataclass(frozen=True, slots=True)
class SampleStore:
    """`images` (N, Z, Y, X) float16 in [-1, 1], memory-mapped; `marks` one a sample."""

    images: npt.NDArray[np.float16]
    marks: tuple[SampleMarks, ...]

    @property
    def positives(self) -> int:
        return sum(len(m.positive) for m in self.marks)


def phases_of(case: Case) -> list[str]:
    """The phases of a case that teach: one in which none of its positives can be seen is left out."""
    positives = [m for m in case.marks if m.role == "positive"]

    def blind(phase: str) -> bool:
        return bool(positives) and all(phase in m.absent_phases for m in positives)

    return [phase for phase in sorted(case.images) if not blind(phase)]


def marks_on_grid(case: Case, phase: str, grid: VolumeGeometry) -> SampleMarks:
    """The marks of a case in one phase as edges in voxels of the input grid.

    A positive that cannot be seen in this phase is ignored there: neither a lesion nor background.
    """

    def role_here(mark: Mark) -> str:
        return "ignored" if mark.role == "positive" and phase in mark.absent_phases else mark.role

    def edges(role: str) -> npt.NDArray[np.float64]:
        def row(mark: Mark) -> list[float]:
            v = grid.voxels_from_box(mark.box)
            return [*v.lo_zyx, *v.hi_zyx]

        return np.array([row(m) for m in case.marks if role_here(m) == role], float).reshape(-1, 6)

    x, y, z = grid.spacing_xyz_mm
    return SampleMarks(edges("positive"), edges("negative"), edges("ignored"), (z, y, x), case.complete)


def build_samples(cases: Sequence[Case], plan: CenterNetPlan, path: Path) -> SampleStore:
    """Samples every teaching phase of every case into `path` (.npy).

    Raises:
        TrainingError: no case, no phase that teaches, or no positive mark.
        ReadError: an image is missing; the message names the study.
    """
    total = sum(len(phases_of(c)) for c in cases)
    if not any(m.role == "positive" for c in cases if phases_of(c) for m in c.marks):
        raise TrainingError(
            f"The case list has no positive mark to learn from ({len(cases)} cases).",
            remedy="Accept or draw at least one lesion.",
        )
    images = np.lib.format.open_memmap(path, "w+", np.float16, (total, *plan.input_zyx))
    marks: list[SampleMarks] = []
    for case in cases:
        phases = phases_of(case)
        if not phases:
            continue
        study = load_case(case)
        grid = input_geometry(study, plan.grid)
        for phase in phases:
            images[len(marks)] = sample(study.volumes[phase], grid, hu_window=plan.hu_window)
            marks.append(marks_on_grid(case, phase, grid))
    return SampleStore(images, tuple(marks))
