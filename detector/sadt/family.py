"""SaDT and the systems it is compared with, as model families of the registry."""

from __future__ import annotations

from pathlib import Path

from detector.sadt.characterizer import LesionClassifier, load_characterizer
from detector.sadt.trainer import SadtTrainer


class ClassifierFamily:
    """detector.contracts.ModelFamily of one of detector.sadt.config.SYSTEMS."""

    kind = "characterizer"

    def __init__(self, system: str) -> None:
        self.system = system

    def load(self, weights: Path) -> LesionClassifier:
        """The characterizer of a weights file; raises PlanError."""
        return load_characterizer(weights, self.system)

    def trainer(self) -> SadtTrainer:
        return SadtTrainer(self.system)


SADT = ClassifierFamily("sadt")
DEEPTEN = ClassifierFamily("deepten")
RESNET2D = ClassifierFamily("resnet2d")
RESNET3D = ClassifierFamily("resnet3d")
