"""The liver region: the supplied mask wins; then whoever is asked, if it can be a liver; else the classical
way; else None and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector import registry
from detector.geometry import VolumeGeometry
from detector.ingest import liver
from detector.ingest.classical_liver import classical_liver
from detector.ingest.liver import LiverFinder, agree, find_liver, implausible
from detector.volume import Volume
from tests.detector.ingest.builders import BLOB_GRID as GRID
from tests.detector.ingest.builders import blob_liver, blob_scan


def test_largest_even_organ_on_the_right_is_found_with_the_tumour_in_it() -> None:
    mask = classical_liver(Volume(blob_scan(), GRID))
    assert mask is not None
    assert mask.dtype == np.uint8
    assert mask.shape == GRID.shape_zyx
    truth = blob_liver()
    assert 2 * (truth & (mask > 0)).sum() / (truth.sum() + mask.sum()) > 0.85
    tumour_zyx = (13, 47, 32)
    assert mask[tumour_zyx] == 1
    spleen_zyx = (13, 55, 78)
    assert mask[spleen_zyx] == 0


@pytest.mark.parametrize("hu", [-1000, 60])
def test_scan_without_a_liver_gives_none(hu: int) -> None:
    noise = np.random.default_rng(0).normal(0, 5, GRID.shape_zyx)
    small = VolumeGeometry(GRID.shape_zyx, (1.0, 1.0, 1.0), (0, 0, 0))
    found = find_liver(Volume((noise + hu).astype(np.int16), small))
    assert found.mask is None
    assert found.source == "none"
    assert found.note


@dataclass(frozen=True)
class Says:
    """A liver segmenter that says what it is told to."""

    mask: np.ndarray

    def segment(self, volume: Volume) -> np.ndarray:
        return self.mask


@dataclass(frozen=True)
class Fails:
    error: Exception

    def segment(self, volume: Volume) -> np.ndarray:
        raise self.error


@dataclass
class Family:
    segmenter: Any = None
    kind: str = "liver_segmenter"

    def load(self, weights: Path) -> Any:
        return self.segmenter


STAND_IN = Family()


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LiverFinder]:
    """A finder whose weights are those of STAND_IN."""
    monkeypatch.setattr(registry, "_FAMILIES", dict(registry._FAMILIES))
    registry.register("stand-in", "liver_segmenter", f"{__name__}:STAND_IN")
    header = b'{"__metadata__":{"family":"stand-in","format":"harvest-weights/1","plan":"{}"}}'
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(len(header).to_bytes(8, "little") + header)
    yield LiverFinder("network", weights=weights)
    STAND_IN.segmenter = None


def test_what_the_network_says_is_taken_where_it_can_be_a_liver(finder: LiverFinder) -> None:
    STAND_IN.segmenter = Says(blob_liver().astype(np.uint8))
    found = find_liver(Volume(blob_scan(), GRID), finder=finder)
    assert (found.source, found.note) == ("network", "")
    assert (found.mask == blob_liver()).all()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (np.zeros(GRID.shape_zyx, np.uint8), "0 ml"),
        (np.ones(GRID.shape_zyx, np.uint8), "ml"),
    ],
)
def test_what_cannot_be_a_liver_is_looked_for_in_the_classical_way(
    finder: LiverFinder, said: np.ndarray, told: str
) -> None:
    STAND_IN.segmenter = Says(said)
    found = find_liver(Volume(blob_scan(), GRID), finder=finder)
    assert found.source == "classical"
    assert told in found.note
    assert found.mask is not None
    assert found.mask[blob_liver()].mean() > 0.8


def test_a_network_that_fails_costs_no_study(finder: LiverFinder, tmp_path: Path) -> None:
    scan = Volume(blob_scan(), GRID)
    for error, told in (
        (RuntimeError("can't allocate memory"), "memory may have run out"),
        (ValueError("/home/jane"), "it failed (ValueError)."),
    ):
        STAND_IN.segmenter = Fails(error)
        failed = find_liver(scan, finder=finder)
        assert failed.source == "classical"
        assert told in failed.note
        assert "jane" not in failed.note
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"no weights")
    found = find_liver(scan, finder=LiverFinder("network", weights=damaged))
    assert (found.source, "not a weights file" in found.note) == ("classical", True)
    other = Path(__file__).parents[3] / "fixtures" / "ksf-small.safetensors"
    assert "finds no livers" in find_liver(scan, finder=LiverFinder("network", weights=other)).note


def test_where_nobody_finds_one_the_whole_volume_is_meant_and_it_is_said_why(finder: LiverFinder) -> None:
    air = Volume(np.full(GRID.shape_zyx, -1000, np.int16), GRID)
    STAND_IN.segmenter = Says(np.zeros(GRID.shape_zyx, np.uint8))
    found = find_liver(air, finder=finder)
    assert (found.mask, found.source) == (None, "none")
    assert "0 ml" in found.note


def test_the_reference_weights_are_doubted_where_the_classical_way_says_the_same(
    finder: LiverFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liver, "REFERENCE_WEIGHTS", finder.weights)
    scan = Volume(blob_scan(), GRID)
    classical = classical_liver(scan)
    assert classical is not None
    STAND_IN.segmenter = Says(blob_liver().astype(np.uint8))
    found = find_liver(scan)
    assert (found.source, found.note) == ("classical", "")
    assert (found.mask == classical).all()
    # Half of that liver, and the classical outline is held to have leaked into the other half.
    half = blob_liver().astype(np.uint8)
    half[:, :47] = 0
    STAND_IN.segmenter = Says(half)
    found = find_liver(scan)
    assert found.source == "network"
    assert (found.mask == half).all()
    # A network that has learned from real masks is not doubted.
    STAND_IN.segmenter = Says(blob_liver().astype(np.uint8))
    assert find_liver(scan, finder=finder).source == "network"


def test_two_masks_agree_where_neither_goes_far_beyond_the_other() -> None:
    whole = blob_liver().astype(np.uint8)
    leaking, short = whole.copy(), whole.copy()
    leaking[:, 40:60, 40:75] = 1
    short[:, :45] = 0
    assert agree(whole, whole, GRID)
    assert not agree(leaking, whole, GRID)
    assert not agree(short, whole, GRID)
    assert not agree(np.zeros_like(whole), whole, GRID)


def test_fat_bone_and_air_are_no_liver() -> None:
    mask = blob_liver().astype(np.uint8)
    scan = np.asarray(blob_scan())
    assert implausible(mask, Volume(scan, GRID)) == ""
    for hu in (-100, 400):
        assert "beyond" in implausible(mask, Volume(np.where(mask > 0, hu, scan).astype(np.int16), GRID))
    third = scan.copy()
    third[:, ::3] = -100
    assert "fat, air or bone" in implausible(mask, Volume(third, GRID))
