"""SaDT and the systems it is compared with, as model families of the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from detector.data.cases import Case
from detector.sadt.characterizer import LesionClassifier, load_characterizer
from detector.sadt.classes import CLASSES
from detector.sadt.ensemble import answered, logits_of
from detector.sadt.samples import load_samples
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

    def answer(self, model: LesionClassifier, case: Case) -> dict[str, Any]:
        """detector.evaluation.answers.Answering: of the largest primary lesion, in the reader's own box."""
        samples = load_samples([case], model.plan, slices=1)
        if not samples:
            return {"said": []}
        logits = np.stack([logits_of(network, samples) for network in model.networks])
        said = answered(logits, model.plan).argmax(axis=1)
        return {"said": [[CLASSES[s.label], CLASSES[i]] for s, i in zip(samples, said, strict=True)]}


SADT = ClassifierFamily("sadt")
DEEPTEN = ClassifierFamily("deepten")
RESNET2D = ClassifierFamily("resnet2d")
RESNET3D = ClassifierFamily("resnet3d")
