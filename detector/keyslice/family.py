"""The key slice filter as a model family of the registry: "ksf"."""

from __future__ import annotations

from pathlib import Path

from detector.keyslice.filter import SegmentingKeySliceFilter, load_filter
from detector.keyslice.trainer import KeySliceTrainer


class KeySliceFamily:
    """detector.contracts.ModelFamily of the key slice filter."""

    kind = "key_slice_filter"

    def load(self, weights: Path) -> SegmentingKeySliceFilter:
        """The filter of a weights file; raises PlanError."""
        return load_filter(weights)

    def trainer(self) -> KeySliceTrainer:
        return KeySliceTrainer()


FAMILY = KeySliceFamily()
