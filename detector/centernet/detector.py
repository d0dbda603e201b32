"""CenterNet-3D as a CandidateDetector: every phase on its own, one merged list of candidates."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from detector.centernet.decode import Scored, decode_sample, link_slices
from detector.centernet.network import CenterNet3D, Maps
from detector.centernet.phases import detect_by_phase
from detector.centernet.plan import CenterNetPlan, parse_plan
from detector.contracts import Candidate, StudyImages
from detector.hardware import channels_last, choose_device, device_of, in_bf16, moved
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
        self._network = channels_last(network.eval(), device_of(network))
        self._plan = plan

    def detect(self, study: StudyImages) -> list[Candidate]:
        """At most plan.top candidates above plan.min_score, best first, in mm on the reference grid.

        Where a liver mask is known, a candidate that does not touch it is left out.
        """
        return detect_by_phase(study, self._plan, self._boxes)

    @torch.inference_mode()
    def _boxes(self, images: Tensor) -> list[list[Scored]]:
        plan = self._plan
        device = device_of(self._network)
        with torch.autocast(device.type, torch.bfloat16, enabled=in_bf16(plan.precision, device)):
            maps = self._network(images.to(device))[-1]
        maps = moved(maps, torch.device("cpu"))
        return [self._decode(maps, index) for index in range(len(images))]

    def _decode(self, maps: Maps, index: int) -> list[Scored]:
        plan = self._plan
        if not plan.planar:
            return decode_sample(maps, index, plan.stride_zyx, top=plan.top)
        many = plan.top * maps.heatmap.shape[2]
        flat = decode_sample(maps, index, plan.stride_zyx, top=many, planar=True)
        flat = [(score, edges) for score, edges in flat if score >= plan.min_score]
        return link_slices(flat, iou_threshold=plan.link_iou, top=plan.top)
