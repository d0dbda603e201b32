"""The samples of a training: each phase of each case on its input grid, kept as fp16 in one file on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.centernet.plan import CenterNetPlan
from detector.centernet.targets import SampleMarks
from detector.data.cases import Case, Mark
from detector.data.grid import input_geometry, sample
from detector.data.images import load_case
from detector.errors import TrainingError
from detector.geometry import VolumeGeometry

IMAGES, MARKS = "images.npy", "marks.json"
ROLES = ("positive", "negative", "ignored")


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


def build_samples(cases: Sequence[Case], plan: CenterNetPlan, folder: Path) -> None:
    """Samples every teaching phase of every case into `folder`, where `read_samples` finds them.

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
    images = np.lib.format.open_memmap(folder / IMAGES, "w+", np.float16, (total, *plan.input_zyx))
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
    images.flush()
    (folder / MARKS).write_text(json.dumps([_as_json(m) for m in marks]))


def read_samples(folder: Path) -> SampleStore:
    """The samples that `build_samples` wrote."""
    images = np.load(folder / IMAGES, mmap_mode="r")
    return SampleStore(images, tuple(_from_json(m) for m in json.loads((folder / MARKS).read_text())))


def _as_json(marks: SampleMarks) -> dict[str, Any]:
    edges = {role: getattr(marks, role).tolist() for role in ROLES}
    return {**edges, "voxel_zyx_mm": marks.voxel_zyx_mm, "complete": marks.complete}


def _from_json(told: dict[str, Any]) -> SampleMarks:
    edges = {role: np.array(told[role], float).reshape(-1, 6) for role in ROLES}
    return SampleMarks(**edges, voxel_zyx_mm=tuple(told["voxel_zyx_mm"]), complete=told["complete"])
