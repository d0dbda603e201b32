"""The liver network as a model family of the registry: "liver-unet"."""

from __future__ import annotations

from pathlib import Path

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


FAMILY = LiverFamily()
