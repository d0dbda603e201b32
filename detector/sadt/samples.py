"""Lesions as the classifiers see them: multiphase slices or volumes around a box, with the box as mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from detector.contracts import StudyImages
from detector.data.cases import Case
from detector.data.crops import (
    CropGrid,
    box_plane,
    grid_around,
    grid_filled_by,
    jitter_box,
    phase_crops,
    side_for,
    slices_by_area,
)
from detector.data.images import load_case
from detector.geometry import Box3D
from detector.sadt.classes import CLASSES, class_of, primary_mark
from detector.sadt.config import SadtPlan

BOX_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class LesionSample:
    """One lesion: S views of (2 P, [D,] side, side), (S, side, side) boxes, its class index, whose it is."""

    images: npt.NDArray[np.float16]
    masks: npt.NDArray[np.bool_]
    label: int
    subject: str


@dataclass(frozen=True, slots=True)
class Batch:
    """(B, 2 P, [D,] H, W) images, (B, H, W) masks, (B,) class indices."""

    images: Tensor
    masks: Tensor
    labels: Tensor


def lesion_crop(
    study: StudyImages, box: Box3D, z_index: int, plan: SadtPlan, absent: Sequence[str] = ()
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """(2 P, [D,] side, side) phases with presence planes and the (side, side) mask of the box, as the plan's
    view has them."""
    grid = grid_of(box, plan)
    return _image(study, box, z_index, grid, plan, absent), _pooled(box, grid, plan)


def grid_of(box: Box3D, plan: SadtPlan) -> CropGrid:
    """The pixels of a lesion's view: all of one size in mm, or as many as the box gets, whatever its size."""
    if plan.view == "box":
        return grid_filled_by(box, min(plan.sides))
    if plan.view == "volume":  # nothing is cut off by a larger side: volumes of one size make a batch
        return grid_around(box, plan.spacing_mm, min(plan.sides))
    return grid_around(box, plan.spacing_mm, side_for(box, plan.spacing_mm, plan.sides))


def _pooled(box: Box3D, grid: CropGrid, plan: SadtPlan) -> npt.NDArray[np.bool_]:
    """(side, side): where the encoding looks."""
    return box_plane(box, grid) if plan.pooling == "lesion" else np.ones((grid.side, grid.side), dtype=bool)


def _image(
    study: StudyImages, box: Box3D, z_index: int, grid: CropGrid, plan: SadtPlan, absent: Sequence[str]
) -> npt.NDArray[np.float32]:
    def crop(z: int) -> npt.NDArray[np.float32]:
        return phase_crops(study, plan.phases, z, grid, hu_window=plan.hu_window, absent=absent)

    if plan.view != "volume":
        return crop(z_index)
    x, y, middle = box.centre_mm
    heights = middle + (np.arange(plan.depth) - (plan.depth - 1) / 2) * plan.slice_mm
    return np.stack([crop(round(study.geometry.index_from_point((x, y, z))[0])) for z in heights], axis=1)


def usable_absent(case_phases: Sequence[str], absent: Sequence[str]) -> tuple[str, ...]:
    """The phases to hide because the lesion cannot be seen in them; none where that would hide every one."""
    return tuple(absent) if set(case_phases) - set(absent) else ()


def sample_of(
    case: Case, study: StudyImages, plan: SadtPlan, *, slices: int, jitter: float
) -> LesionSample | None:
    """The sample of a study's largest primary lesion; None where it has no lesion with a four-class label.

    `slices` largest ones, each with the box jittered by up to `jitter` of its size; of a volume, one.
    """
    mark = primary_mark(case)
    label = class_of(case, mark) if mark else None
    if mark is None or label is None:
        return None
    absent = usable_absent(tuple(study.volumes), mark.absent_phases)
    rng = np.random.default_rng([plan.seed, *case.study.encode()])
    zs = slices_by_area(study.geometry, mark.box)[: 1 if plan.view == "volume" else slices]
    # The box that is resized is jittered itself; elsewhere the crop lies still and the mask moves on it.
    boxes = [jitter_box(mark.box, rng, jitter) for _ in zs]
    grids = [grid_of(box if plan.view == "box" else mark.box, plan) for box in boxes]
    images = [_image(study, mark.box, z, grid, plan, absent) for z, grid in zip(zs, grids, strict=True)]
    return LesionSample(
        images=np.stack(images).astype(np.float16),
        masks=np.stack([_pooled(box, grid, plan) for box, grid in zip(boxes, grids, strict=True)]),
        label=CLASSES.index(label),
        subject=case.subject,
    )


def load_samples(
    cases: Sequence[Case], plan: SadtPlan, *, slices: int, jitter: float = 0.0
) -> list[LesionSample]:
    """The samples of all cases that have one; a case without is not even read."""
    samples = []
    for case in cases:
        mark = primary_mark(case)
        if mark is not None and class_of(case, mark) is not None:
            sample = sample_of(case, load_case(case), plan, slices=slices, jitter=jitter)
            if sample is not None:
                samples.append(sample)
    return samples


def collate(
    images: Sequence[npt.NDArray[np.float32]], masks: Sequence[npt.NDArray[np.bool_]], labels: Sequence[int]
) -> Batch:
    """Stacks crops of different sides around their centres; what is added repeats the crop's own border."""
    side = max(i.shape[-1] for i in images)
    padded, boxes = [], []
    for image, mask in zip(images, masks, strict=True):
        before = (side - image.shape[-1]) // 2
        width = (before, side - image.shape[-1] - before)
        padded.append(np.pad(image, (*[(0, 0)] * (image.ndim - 2), width, width), mode="edge"))
        boxes.append(np.pad(mask, (width, width)))
    return Batch(
        torch.from_numpy(np.stack(padded)),
        torch.from_numpy(np.stack(boxes)),
        torch.tensor(labels, dtype=torch.long),
    )
