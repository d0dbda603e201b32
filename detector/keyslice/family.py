"""The key slice filter as a model family of the registry: "ksf"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from detector.data.cases import Case
from detector.keyslice.filter import SegmentingKeySliceFilter, load_filter
from detector.keyslice.trainer import LABELS, KeySliceTrainer, RandomNegatives, judged_boxes


class KeySliceFamily:
    """detector.contracts.ModelFamily of the key slice filter."""

    kind = "key_slice_filter"

    def load(self, weights: Path) -> SegmentingKeySliceFilter:
        """The filter of a weights file; raises PlanError."""
        return load_filter(weights)

    def trainer(self) -> KeySliceTrainer:
        return KeySliceTrainer()

    def answer(self, model: SegmentingKeySliceFilter, case: Case) -> dict[str, Any]:
        """detector.evaluation.answers.Answering: primary or not, of the case's boxes and, where it has fewer
        rejected ones than primaries, of liver boxes that are drawn the same for every version."""
        judged = judged_boxes(model, case, RandomNegatives([case], seed=0))
        return {"said": [[LABELS[j.primary], LABELS[j.said]] for j in judged]}


FAMILY = KeySliceFamily()
