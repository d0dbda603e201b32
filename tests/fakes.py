"""Model families for the tests: what they find is written in their weights file as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector import registry
from detector.contracts import Candidate, Characterization, KeySlice, StudyImages, Trainer
from detector.errors import ReadError
from detector.geometry import Box3D

DETECTOR, KEY_SLICE_FILTER, CHARACTERIZER = "fake_detector", "fake_key_slice_filter", "fake_characterizer"


def _check_phases(study: StudyImages) -> None:
    if len(study.volumes) == 1:
        raise ReadError("This study has one phase only.", remedy="Import another phase.")


@dataclass(frozen=True)
class FakeDetector:
    """Finds the boxes of its weights in every study; fails by name on studies with only one phase."""

    candidates: list[dict[str, Any]]

    def detect(self, study: StudyImages) -> list[Candidate]:
        _check_phases(study)
        return [Candidate(Box3D.from_json(c), c["score"], c.get("phase_scores", {})) for c in self.candidates]


@dataclass(frozen=True)
class FakeKeySliceFilter:
    """Gives the first slice of the volume and the scores of its weights, in the order of the boxes."""

    scores: list[float]

    def key_slices(self, study: StudyImages, boxes: Sequence[Box3D]) -> list[KeySlice]:
        return [KeySlice(0, 0, (1.0,), s) for s in self.scores[: len(boxes)]]


@dataclass(frozen=True)
class FakeCharacterizer:
    """Says of every lesion what its weights say; fails by name on studies with only one phase."""

    outputs: dict[str, dict[str, float]]

    def characterize(self, study: StudyImages, box: Box3D, *, z_index: int | None = None) -> Characterization:
        _check_phases(study)
        told = {"reference_phase": study.reference_phase, "z_index": z_index}
        return Characterization(self.outputs, evidence=told)


@dataclass(frozen=True)
class FakeFamily:
    kind: str
    model: Any

    def load(self, weights: Path) -> Any:
        return self.model(json.loads(weights.read_text()))

    def trainer(self) -> Trainer:
        raise NotImplementedError


DETECTOR_FAMILY = FakeFamily("detector", FakeDetector)
KEY_SLICE_FAMILY = FakeFamily("key_slice_filter", FakeKeySliceFilter)
CHARACTERIZER_FAMILY = FakeFamily("characterizer", FakeCharacterizer)


def register() -> None:
    registry.register(DETECTOR, "detector", "tests.fakes:DETECTOR_FAMILY")
    registry.register(KEY_SLICE_FILTER, "key_slice_filter", "tests.fakes:KEY_SLICE_FAMILY")
    registry.register(CHARACTERIZER, "characterizer", "tests.fakes:CHARACTERIZER_FAMILY")
