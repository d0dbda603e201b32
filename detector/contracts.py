"""What detectors, key slice filters, characterizers, liver segmenters and trainers are: Protocols and frozen
results.

Every further system (another detector, an MR or an ultrasound characterizer) plugs in behind these and is
named in detector.registry. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from detector.errors import GeometryError, PhaseError
from detector.geometry import Box3D, VolumeGeometry
from detector.volume import Volume


@dataclass(frozen=True, slots=True)
class StudyImages:
    """One study's registered phases, all on the grid of the reference phase.

    `volumes` maps a phase of the modality's vocabulary (CT: non_contrast, arterial, portal_venous, delayed)
    to int16 HU. `liver` is a (Z, Y, X) uint8 mask on the same grid, or None where none was found.

    Raises:
        PhaseError: no phase, or the reference phase is not among them.
        GeometryError: the phases do not share one grid.
    """

    volumes: Mapping[str, Volume]
    reference_phase: str
    liver: npt.NDArray[np.uint8] | None = None
    modality: str = "CT"

    def __post_init__(self) -> None:
        if self.reference_phase not in self.volumes:
            raise PhaseError("The reference phase is not among the study's phases.")
        if len({v.geometry.shape_zyx for v in self.volumes.values()}) != 1:
            raise GeometryError("Registered phases must share one grid.")

    @property
    def geometry(self) -> VolumeGeometry:
        return self.volumes[self.reference_phase].geometry


@dataclass(frozen=True, slots=True)
class Candidate:
    """A box that may be a lesion, in mm on the reference grid. `score` is raw, in [0, 1], not a probability.

    `phase_scores` says how strongly each phase supported it; a phase that did not is absent.
    """

    box: Box3D
    score: float
    phase_scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeySlice:
    """The slice of a candidate that shows it best.

    `z_index` on the reference grid; `areas_mm2` the predicted lesion area of each slice of the box from
    `first_z_index` on; `primary_score` in [0, 1]: how likely the candidate is the primary lesion.
    """

    z_index: int
    first_z_index: int
    areas_mm2: tuple[float, ...]
    primary_score: float


@dataclass(frozen=True, slots=True)
class Characterization:
    """Named outputs of a characterizer for one lesion, with what they rest on.

    `outputs` maps an output ("lesion_class", "aphe", ...) to {label: value in [0, 1]}; `evidence` is JSON
    (key slice, phases used, weights per phase); `calibrated` says whether the values are probabilities.
    """

    outputs: Mapping[str, Mapping[str, float]]
    evidence: Mapping[str, Any] = field(default_factory=dict)
    calibrated: bool = False


@runtime_checkable
class CandidateDetector(Protocol):
    def detect(self, study: StudyImages) -> list[Candidate]:
        """Candidates, best first; an empty list where nothing is found."""
        ...


@runtime_checkable
class KeySliceFilter(Protocol):
    def key_slices(self, study: StudyImages, boxes: Sequence[Box3D]) -> list[KeySlice]:
        """One key slice a box, in the order of the boxes."""
        ...


@runtime_checkable
class LesionCharacterizer(Protocol):
    def characterize(self, study: StudyImages, box: Box3D, *, z_index: int | None = None) -> Characterization:
        """What the lesion in a box is. `z_index` is the slice that a key slice filter or a reader named for
        it; a system that does not judge by a slice leaves it out of account."""
        ...


@runtime_checkable
class LiverSegmenter(Protocol):
    def segment(self, volume: Volume) -> npt.NDArray[np.uint8]:
        """The liver (Z, Y, X) as 0/1 on the grid of one phase, whichever it is; all 0 where none is seen."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """One report of a running training: step of total, the current values by name, and a line for people."""

    step: int
    total: int
    values: Mapping[str, float] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training leaves: one safetensors file (its plan inside) and metrics that are plain JSON.

    A metric that is an estimate is {"value", "lo", "hi", "n"} with a 95 % interval.
    """

    weights: Path
    metrics: Mapping[str, Any]


class Trainer(Protocol):
    def train(
        self,
        cases: Path,
        out: Path,
        *,
        size: str,
        overrides: Mapping[str, Any],
        gold: Path | None,
        initial_weights: Path | None,
        on_progress: Callable[[Progress], None],
    ) -> TrainingResult:
        """Trains on a case list (detector.data.cases), judges on the gold list where one is given."""
        ...


@runtime_checkable
class ModelFamily(Protocol):
    """A named system: how to train it and how to load what was trained.

    `kind` is "detector", "key_slice_filter", "characterizer" or "liver_segmenter".
    """

    kind: str

    def load(self, weights: Path) -> Any:
        """The CandidateDetector, KeySliceFilter, LesionCharacterizer or LiverSegmenter of a weights file."""
        ...

    def trainer(self) -> Trainer: ...
