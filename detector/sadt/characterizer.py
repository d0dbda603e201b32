"""A trained lesion classifier applied to a lesion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from detector.contracts import Characterization, StudyImages
from detector.data.crops import slices_by_area
from detector.geometry import Box3D
from detector.hardware import choose_device, device_of
from detector.sadt.classes import CLASSES
from detector.sadt.config import SadtPlan, parse_plan
from detector.sadt.ensemble import Ensemble, answered, build_ensemble
from detector.sadt.evidence import View, cells_for, told, weight_of_phases
from detector.sadt.samples import grid_of, lesion_crop
from detector.weights import load_state, read_plan

OUTPUT = "lesion_class"


class LesionClassifier:
    """LesionCharacterizer: {"lesion_class": {hcc, icc, metastasis, benign: share}}, shares that sum to 1.

    They are probabilities where a temperature was found in training (`calibrated`). Evidence: the slice, the
    phases and how much each of them weighs, the map of the lesion's cells and, of several networks, votes.
    """

    def __init__(self, networks: Ensemble, plan: SadtPlan) -> None:
        self.networks = networks.eval()
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
        plan = self.plan
        key = slices_by_area(study.geometry, box)[0] if z_index is None else z_index
        view = self._view(study, box, key)
        logits = self._logits(view.images, view.mask)
        shares = answered(logits, plan)
        first = int(shares.argmax())
        present = [p for p in plan.phases if p in study.volumes]

        def share(images: Tensor) -> float:
            return float(answered(self._logits(images, view.mask), plan, "probability")[first])

        evidence: dict[str, Any] = {
            "z_index": key,
            "reference_phase": study.reference_phase,
            "phases": present,
            "missing_phases": [p for p in plan.phases if p not in study.volumes],
            "spacing_mm": plan.spacing_mm,
            "phase_weights": weight_of_phases(view, plan, present, share),
            "map": told(cells_for(self.networks, view, first), view.grid),
        }
        if plan.folds > 1:
            votes = np.bincount(logits.argmax(axis=1), minlength=len(CLASSES))
            evidence["votes"] = dict(zip(CLASSES, votes.tolist(), strict=True))
        return Characterization(
            outputs={OUTPUT: dict(zip(CLASSES, shares.tolist(), strict=True))},
            evidence=evidence,
            calibrated=plan.temperature is not None and plan.answer == "probability",
        )

    def _view(self, study: StudyImages, box: Box3D, z_index: int) -> View:
        image, mask = lesion_crop(study, box, z_index, self.plan)
        device = device_of(self.networks)
        return View(
            torch.from_numpy(image)[None].to(device),
            torch.from_numpy(mask)[None].to(device),
            grid_of(box, self.plan),
        )

    def _logits(self, images: Tensor, mask: Tensor) -> np.ndarray:
        """(K, 4) of K networks."""
        return np.stack([network(images, mask)[0].double().cpu().numpy() for network in self.networks])


def load_characterizer(weights: Path, system: str) -> LesionClassifier:
    """The characterizer of a weights file of one of detector.sadt.config.SYSTEMS.

    Raises:
        PlanError: not a weights file of that system, or its tensors do not fit its plan.
    """
    plan = parse_plan(read_plan(weights))
    networks = build_ensemble(plan)
    networks.load(load_state(weights, family=system))
    return LesionClassifier(networks.to(choose_device()), plan)
