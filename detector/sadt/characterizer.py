"""A trained lesion classifier applied to a lesion."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from detector.contracts import Characterization, StudyImages
from detector.data.crops import slices_by_area
from detector.errors import PlanError
from detector.geometry import Box3D
from detector.hardware import choose_device, device_of
from detector.sadt.classes import CLASSES
from detector.sadt.config import SadtPlan, parse_plan
from detector.sadt.network import build_network
from detector.sadt.samples import lesion_crop
from detector.weights import load_state, read_plan

OUTPUT = "lesion_class"


class LesionClassifier:
    """LesionCharacterizer: {"lesion_class": {hcc, icc, metastasis, benign: share}}, shares that sum to 1."""

    def __init__(self, network: nn.Module, plan: SadtPlan) -> None:
        self.network = network.eval()
        self.plan = plan

    @torch.inference_mode()
    def characterize(self, study: StudyImages, box: Box3D, *, z_index: int | None = None) -> Characterization:
        """Characterizes the lesion in a box on its largest slice.

        Args:
            z_index: the slice to judge, such as a key slice filter's; by default the largest of the
                ellipsoid inscribed in the box, which is the middle one.
        Raises:
            PhaseError: the study has none of the phases of the plan.
        """
        key = slices_by_area(study.geometry, box)[0] if z_index is None else z_index
        image, mask = lesion_crop(study, box, key, self.plan)
        device = device_of(self.network)
        logits = self.network(
            torch.from_numpy(image)[None].to(device), torch.from_numpy(mask)[None].to(device)
        )
        shares = torch.softmax(logits[0].float(), dim=0).tolist()
        return Characterization(
            outputs={OUTPUT: dict(zip(CLASSES, shares, strict=True))},
            evidence={
                "z_index": key,
                "reference_phase": study.reference_phase,
                "phases": [p for p in self.plan.phases if p in study.volumes],
                "missing_phases": [p for p in self.plan.phases if p not in study.volumes],
                "spacing_mm": self.plan.spacing_mm,
            },
            calibrated=False,
        )


def load_characterizer(weights: Path, system: str) -> LesionClassifier:
    """The characterizer of a weights file of one of detector.sadt.config.SYSTEMS.

    Raises:
        PlanError: not a weights file of that system, or its tensors do not fit its plan.
    """
    plan = parse_plan(read_plan(weights))
    network = build_network(plan)
    try:
        network.load_state_dict(load_state(weights, family=system))
    except RuntimeError as error:
        raise PlanError("The weights do not fit the plan stored with them.") from error
    return LesionClassifier(network.to(choose_device()), plan)
