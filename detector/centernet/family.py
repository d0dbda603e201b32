"""The registry's entries for CenterNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from detector.centernet.detector import CenterNetDetector, load_network
from detector.centernet.trainer import CenterNetTrainer
from detector.data.cases import Case
from detector.evaluation.answers import detector_answer


class CenterNetFamily:
    """A detector.contracts.ModelFamily of kind "detector"."""

    kind = "detector"

    def __init__(self, name: str) -> None:
        self.name = name

    def load(self, weights: Path) -> CenterNetDetector:
        """The detector of a weights file; raises PlanError where the file is something else."""
        return CenterNetDetector(*load_network(weights, self.name))

    def trainer(self) -> CenterNetTrainer:
        return CenterNetTrainer(self.name)

    def answer(self, model: CenterNetDetector, case: Case) -> dict[str, Any]:
        """detector.evaluation.answers.Answering."""
        return detector_answer(model, case)


CENTERNET3D, CENTERNET2D = CenterNetFamily("centernet3d"), CenterNetFamily("centernet2d")
