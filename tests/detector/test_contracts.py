"""The contracts carry more than CT: an MR characterizer and a 2D ultrasound detector plug in unchanged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from detector import registry
from detector.contracts import (
    Candidate,
    CandidateDetector,
    Characterization,
    KeySlice,
    KeySliceFilter,
    LesionCharacterizer,
    LiverSegmenter,
    ModelFamily,
    StudyImages,
    Trainer,
)
from detector.errors import GeometryError, PhaseError, UnknownNameError
from detector.geometry import Box3D, VolumeGeometry
from detector.volume import Volume

MR_PHASES = ("t1_pre", "arterial", "portal_venous", "transitional", "hepatobiliary")
LESION = Box3D((0, 0, 0), (20, 20, 20))


def volume(shape_zyx: tuple[int, int, int], value: int = 0) -> Volume:
    # A cine has no patient frame: its grid is that of its pixels, with no frame of reference.
    return Volume(np.full(shape_zyx, value, np.int16), VolumeGeometry(shape_zyx, (1, 1, 1), (0, 0, 0)))


@dataclass(frozen=True)
class MrCharacterizer:
    """Says a LI-RADS feature and a class from the enhancement between two MR phases."""

    washout_below: float

    def characterize(self, study: StudyImages, box: Box3D, *, z_index: int | None = None) -> Characterization:
        where = study.geometry.slices_from_box(box)
        mean = {phase: float(v.array_zyx[where].mean()) for phase, v in study.volumes.items()}
        washout = float(mean["portal_venous"] < self.washout_below * mean["arterial"])
        return Characterization(
            outputs={
                "washout": {"present": washout},
                "lesion_class": {"hcc": washout, "benign": 1 - washout},
            },
            evidence={"phases": sorted(mean)},
        )


@dataclass(frozen=True)
class CineDetector:
    """Boxes the bright pixels of a frame; a box of one frame is one slice thick."""

    def detect(self, study: StudyImages) -> list[Candidate]:
        frame, rows, columns = np.nonzero(study.volumes[study.reference_phase].array_zyx > 100)
        if not frame.size:
            return []
        lo = (columns.min() - 0.5, rows.min() - 0.5, frame.min() - 0.5)
        hi = (columns.max() + 0.5, rows.max() + 0.5, frame.max() + 0.5)
        return [Candidate(Box3D(lo, hi), 0.8, {study.reference_phase: 0.8})]


@dataclass(frozen=True)
class CineKeyFrames:
    def key_slices(self, study: StudyImages, boxes: Sequence[Box3D]) -> list[KeySlice]:
        return [KeySlice(0, 0, (b.size_mm[0] * b.size_mm[1],), 0.5) for b in boxes]


@dataclass(frozen=True)
class MrLiver:
    """Takes what is bright in the hepatobiliary phase for liver."""

    above: int

    def segment(self, volume: Volume) -> npt.NDArray[np.uint8]:
        return (np.asarray(volume.array_zyx) > self.above).astype(np.uint8)


@dataclass(frozen=True)
class Family:
    kind: str
    made: type

    def load(self, weights: Path) -> object:
        return self.made(**json.loads(weights.read_text()))

    def trainer(self) -> Trainer:
        raise NotImplementedError


MR = Family("characterizer", MrCharacterizer)
CINE = Family("detector", CineDetector)
MR_LIVER = Family("liver_segmenter", MrLiver)


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both systems named, as a plug-in's entry point does it, and forgotten again."""
    monkeypatch.setattr(registry, "_FAMILIES", dict(registry._FAMILIES))
    registry.register("lirads_mr", "characterizer", f"{__name__}:MR")
    registry.register("cine", "detector", f"{__name__}:CINE")
    registry.register("liver_mr", "liver_segmenter", f"{__name__}:MR_LIVER")


@pytest.mark.usefixtures("plugged")
def test_an_mr_characterizer_plugs_in(tmp_path: Path) -> None:
    weights = tmp_path / "mr.json"
    weights.write_text('{"washout_below": 0.9}')
    family = registry.family("lirads_mr")
    assert isinstance(family, ModelFamily)
    characterizer = family.load(weights)
    assert isinstance(characterizer, LesionCharacterizer)
    values = dict(zip(MR_PHASES, (50, 200, 100, 90, 60), strict=True))
    study = StudyImages(
        {p: volume((24, 32, 32), v) for p, v in values.items()}, "portal_venous", modality="MR"
    )
    found = characterizer.characterize(study, LESION)
    assert found.outputs["washout"] == {"present": 1.0}
    assert found.evidence["phases"] == sorted(MR_PHASES)
    assert not found.calibrated


@pytest.mark.usefixtures("plugged")
def test_a_2d_ultrasound_detector_plugs_in(tmp_path: Path) -> None:
    weights = tmp_path / "cine.json"
    weights.write_text("{}")
    detector = registry.family("cine").load(weights)
    assert isinstance(detector, CandidateDetector)
    frame = volume((1, 40, 60))
    assert detector.detect(StudyImages({"b_mode": frame}, "b_mode", modality="US")) == []
    frame.array_zyx[0, 10:20, 30:50] = 200
    study = StudyImages({"b_mode": frame}, "b_mode", modality="US")
    (candidate,) = detector.detect(study)
    assert candidate.box == Box3D((29.5, 9.5, -0.5), (49.5, 19.5, 0.5))
    assert study.geometry.slices_from_box(candidate.box) == (slice(0, 1), slice(10, 20), slice(30, 50))
    keys = CineKeyFrames()
    assert isinstance(keys, KeySliceFilter)
    assert keys.key_slices(study, [candidate.box])[0].areas_mm2 == (200.0,)


@pytest.mark.usefixtures("plugged")
def test_an_mr_liver_segmenter_plugs_in(tmp_path: Path) -> None:
    weights = tmp_path / "liver.json"
    weights.write_text('{"above": 50}')
    assert {"liver-unet", "liver_mr"} <= set(registry.names("liver_segmenter"))
    segmenter = registry.family("liver_mr").load(weights)
    assert isinstance(segmenter, LiverSegmenter)
    scan = volume((6, 20, 30))
    scan.array_zyx[2:4, 5:9, 1:11] = 80
    mask = segmenter.segment(scan)
    assert (mask.shape, mask.dtype, int(mask.sum())) == ((6, 20, 30), np.uint8, 2 * 4 * 10)


@pytest.mark.usefixtures("plugged")
def test_families_are_listed_by_kind_without_being_imported() -> None:
    registry.register("absent", "detector", "no_such_module:FAMILY")
    assert {"absent", "centernet3d", "cine"} <= set(registry.names("detector"))
    assert "cine" not in registry.names("characterizer")
    assert registry.kind_of("absent") == "detector"


def test_an_entry_point_registers_its_families(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_FAMILIES", dict(registry._FAMILIES))
    monkeypatch.setattr(registry, "_plugins_loaded", False)
    point = EntryPoint("cine", f"{__name__}:register_cine", registry.PLUGIN_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == point.group else [])
    assert "plugged_cine" in registry.names("detector")


def register_cine(register: object) -> None:
    register("plugged_cine", "detector", f"{__name__}:CINE")  # type: ignore[operator]


def test_unknown_names_and_kinds_are_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="centernet3d"):
        registry.family("nobody")
    with pytest.raises(UnknownNameError, match="characterizer"):
        registry.register("x", "oracle", "a:b")


def test_a_study_needs_its_reference_phase_and_one_grid() -> None:
    with pytest.raises(PhaseError):
        StudyImages({"arterial": volume((5, 8, 8))}, "portal_venous")
    with pytest.raises(GeometryError):
        StudyImages({"arterial": volume((5, 8, 8)), "portal_venous": volume((6, 8, 8))}, "portal_venous")
