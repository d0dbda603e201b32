"""One list of candidates from what a network finds in each phase on its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from detector.centernet.decode import Scored, box_in_mm, fuse_phases, merge_phases
from detector.centernet.plan import CenterNetPlan
from detector.contracts import Candidate, StudyImages
from detector.data.grid import input_geometry, sample
from detector.geometry import Box3D


def detect_by_phase(
    study: StudyImages, plan: CenterNetPlan, boxes_of: Callable[[Tensor], list[list[Scored]]]
) -> list[Candidate]:
    """At most plan.top candidates above plan.min_score, best first, in mm on the reference grid.

    `boxes_of` gives the boxes of each phase, edges in voxels, from their input (P, 1, Z, Y, X) in [-1, 1].
    Where a liver mask is known, a candidate that does not touch it is left out.
    """
    grid = input_geometry(study, plan.grid)
    phases = sorted(study.volumes)
    images = np.stack([sample(study.volumes[p], grid, hu_window=plan.hu_window) for p in phases])
    inside = study.geometry.extent
    found: dict[str, list[tuple[float, Box3D]]] = {}
    for phase, boxes in zip(phases, boxes_of(torch.from_numpy(images[:, None])), strict=True):
        placed = ((score, box_in_mm(edges, grid, inside)) for score, edges in boxes)
        found[phase] = [
            (score, box)
            for score, box in placed
            if box is not None and score >= plan.min_score and _touches_liver(study, box)
        ]
    merge = fuse_phases if plan.merge == "fusion" else merge_phases
    return merge(found, iou_threshold=plan.nms_iou, top=plan.top)


def _touches_liver(study: StudyImages, box: Box3D) -> bool:
    if study.liver is None or not study.liver.any():
        return True
    return bool(study.liver[study.geometry.slices_from_box(box)].any())
