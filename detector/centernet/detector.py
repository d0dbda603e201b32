"""CenterNet-3D as a CandidateDetector: every phase on its own, one merged list of candidates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from detector.centernet.decode import box_in_mm, decode_sample, fuse_phases, link_slices, merge_phases
from detector.centernet.network import CenterNet3D
from detector.centernet.plan import CenterNetPlan, parse_plan
from detector.contracts import Candidate, StudyImages
from detector.data.grid import input_geometry, sample
from detector.geometry import Box3D
from detector.hardware import choose_device, device_of, in_bf16, moved
from detector.weights import load_into, read_plan


def load_network(weights: Path, family: str) -> tuple[CenterNet3D, CenterNetPlan]:
    """The network of a weights file, on the GPU where there is one, and its plan; raises PlanError where they
    do not fit."""
    plan = parse_plan(read_plan(weights))
    network = CenterNet3D(plan)
    load_into(network, weights, family)
    return network.to(choose_device()), plan


class CenterNetDetector:
    """A trained CenterNet, in 3D or in 2D. Equal input gives equal candidates on one machine."""

    def __init__(self, network: CenterNet3D, plan: CenterNetPlan) -> None:
        self._network = network.eval()
        self._plan = plan

    @torch.inference_mode()
    def detect(self, study: StudyImages) -> list[Candidate]:
        """At most plan.top candidates above plan.min_score, best first, in mm on the reference grid.

        Where a liver mask is known, a candidate that does not touch it is left out.
        """
        plan = self._plan
        grid = input_geometry(study, plan.grid)
        phases = sorted(study.volumes)
        batch = np.stack([sample(study.volumes[p], grid, hu_window=plan.hu_window) for p in phases])
        device = device_of(self._network)
        with torch.autocast(device.type, torch.bfloat16, enabled=in_bf16(plan.precision, device)):
            maps = self._network(torch.from_numpy(batch[:, None]).to(device))[-1]
        maps = moved(maps, torch.device("cpu"))
        inside = study.geometry.extent
        found: dict[str, list[tuple[float, Box3D]]] = {}
        for index, phase in enumerate(phases):
            if plan.planar:
                many = plan.top * maps.heatmap.shape[2]
                flat = decode_sample(maps, index, plan.stride_zyx, top=many, planar=True)
                flat = [(score, edges) for score, edges in flat if score >= plan.min_score]
                boxes = link_slices(flat, iou_threshold=plan.link_iou, top=plan.top)
            else:
                boxes = decode_sample(maps, index, plan.stride_zyx, top=plan.top)
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
