"""The liver network as a model family of the registry: "liver-unet"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from detector.data.cases import Case
from detector.evaluation.segmentation import liver_answer
from detector.liver.segmenter import UNetLiverSegmenter, load_segmenter
from detector.liver.trainer import LiverTrainer


class LiverFamily:
    """detector.contracts.ModelFamily of the liver network."""

    kind = "liver_segmenter"

    def load(self, weights: Path) -> UNetLiverSegmenter:
        """The segmenter of a weights file; raises PlanError."""
        return load_segmenter(weights)

    def trainer(self) -> LiverTrainer:
        return LiverTrainer()

    def answer(self, model: UNetLiverSegmenter, case: Case) -> dict[str, Any]:
        """detector.evaluation.answers.Answering."""
        return liver_answer(model, case)


FAMILY = LiverFamily()
