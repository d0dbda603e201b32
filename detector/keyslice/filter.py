"""A trained key slice filter applied to a study's candidates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from detector.contracts import KeySlice, StudyImages
from detector.data.crops import box_plane, grid_around
from detector.errors import PlanError
from detector.geometry import Box3D
from detector.hardware import choose_device, device_of
from detector.keyslice.config import CELL, FAMILY_NAME, KeySlicePlan, parse_plan
from detector.keyslice.network import KeySliceNetwork
from detector.keyslice.samples import slab_image, view_image
from detector.keyslice.select import key_offset
from detector.weights import load_into, read_plan

SLICES_AT_ONCE = 32  # bounds the memory that a large box on thin slices needs


class SegmentingKeySliceFilter:
    """KeySliceFilter: for each box the slice of greatest predicted lesion area, and how primary it looks."""

    def __init__(self, network: KeySliceNetwork, plan: KeySlicePlan) -> None:
        self.network = network.eval()
        self.plan = plan

    @torch.inference_mode()
    def areas_mm2(self, study: StudyImages, box: Box3D) -> tuple[float, ...]:
        """The predicted lesion area inside the box's outline, in mm2, on each slice of the box: pixels of
        the fixed grid that are more likely lesion than not, times the area of a pixel."""
        plan = self.plan
        pixels = max(box.size_mm[:2]) / plan.spacing_mm + CELL
        side = max(plan.segment_side, CELL * int(np.ceil(pixels / CELL)))
        grid = grid_around(box, plan.spacing_mm, side)
        inside = torch.from_numpy(box_plane(box, grid))
        device = device_of(self.network)
        zs = study.geometry.slices_from_box(box)[0]
        counts: list[float] = []
        for first in range(zs.start, zs.stop, SLICES_AT_ONCE):
            part = range(first, min(first + SLICES_AT_ONCE, zs.stop))
            slabs = torch.from_numpy(np.stack([slab_image(study, z, grid, plan.hu_window) for z in part]))
            lesion = (self.network.segment(slabs.to(device))[:, 0] > 0).cpu() & inside
            counts += lesion.sum((1, 2)).tolist()
        return tuple(n * plan.spacing_mm**2 for n in counts)

    @torch.inference_mode()
    def primary_score(self, study: StudyImages, box: Box3D, z_index: int) -> float:
        """How likely the candidate is the primary lesion, in [0, 1], judged on one slice of all phases."""
        view = torch.from_numpy(view_image(study, box, z_index, self.plan, self.plan.view_side))
        return float(torch.sigmoid(self.network.classify(view[None].to(device_of(self.network)))[0]))

    def key_slices(self, study: StudyImages, boxes: Sequence[Box3D]) -> list[KeySlice]:
        """One key slice a box, in the order of the boxes; the middle slice where no lesion is predicted.

        Raises:
            PhaseError: the study has none of the phases of the plan.
        """
        out = []
        for box in boxes:
            areas = self.areas_mm2(study, box)
            first = study.geometry.slices_from_box(box)[0].start
            z_index = first + key_offset(areas)
            out.append(KeySlice(z_index, first, areas, self.primary_score(study, box, z_index)))
        return out


def load_filter(weights: Path) -> SegmentingKeySliceFilter:
    """The filter of a weights file; raises PlanError where it is something else."""
    plan = parse_plan(read_plan(weights))
    if plan.learns != "both":
        raise PlanError(
            "These weights have learnt to find slices, not which lesion is primary.",
            remedy="Name them as --init of a training that learns both.",
        )
    network = KeySliceNetwork(plan)
    load_into(network, weights, FAMILY_NAME)
    return SegmentingKeySliceFilter(network.to(choose_device()), plan)
