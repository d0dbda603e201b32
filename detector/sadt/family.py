"""SaDT as a model family of the registry: "sadt"."""

from __future__ import annotations

from pathlib import Path

from detector.sadt.characterizer import SadtCharacterizer, load_characterizer
from detector.sadt.trainer import SadtTrainer


class SadtFamily:
    """detector.contracts.ModelFamily of the texture-encoding lesion classifier."""

    kind = "characterizer"

    def load(self, weights: Path) -> SadtCharacterizer:
        """The characterizer of a weights file; raises PlanError."""
        return load_characterizer(weights)

    def trainer(self) -> SadtTrainer:
        return SadtTrainer()


FAMILY = SadtFamily()
