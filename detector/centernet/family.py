"""The registry's entry for CenterNet-3D."""

from __future__ import annotations

from pathlib import Path

from detector.centernet.detector import CenterNetDetector, load_network
from detector.centernet.trainer import CenterNetTrainer


class CenterNetFamily:
    """A detector.contracts.ModelFamily of kind "detector"."""

    kind = "detector"

    def load(self, weights: Path) -> CenterNetDetector:
        """The detector of a weights file; raises PlanError where the file is something else."""
        return CenterNetDetector(*load_network(weights))

    def trainer(self) -> CenterNetTrainer:
        return CenterNetTrainer()


FAMILY = CenterNetFamily()
