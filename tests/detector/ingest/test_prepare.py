"""The steps that make a study ready, none of which loses one: supplied livers, and searches that break."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from detector.geometry import VolumeGeometry
from detector.ingest import prepare
from detector.ingest.prepare import liver_of, supplied_liver
from detector.volume import Volume
from tests.detector.ingest.builders import write_volume_file

GRID = VolumeGeometry((10, 24, 20), (4.0, 4.0, 5.0), (-40.0, -48.0, 0.0))


@dataclass(frozen=True)
class Given:
    """A mask as a data set brings it."""

    volume: Volume

    def read(self) -> Volume:
        return self.volume


def mask() -> np.ndarray:
    own = np.zeros(GRID.shape_zyx, np.uint8)
    own[2:5, 4:15, 3:9] = 1
    return own


def test_a_supplied_mask_wins_as_a_source_and_as_a_file(tmp_path: Path) -> None:
    path = write_volume_file(tmp_path / "liver.nii.gz", mask(), GRID.spacing_xyz_mm, GRID.origin_xyz_mm)
    for supplied in (Given(Volume(mask(), GRID)), path):
        found = supplied_liver(supplied, GRID)
        assert (found.source, found.note) == ("supplied", "")
        assert found.mask is not None
        assert (found.mask == mask()).all()


@pytest.mark.parametrize(
    ("volume", "why"),
    [
        (Volume(mask(), VolumeGeometry(GRID.shape_zyx, GRID.spacing_xyz_mm, (900.0, 0.0, 0.0))), "not used"),
        (Volume(np.zeros(GRID.shape_zyx, np.uint8), GRID), "empty"),
    ],
)
def test_a_mask_that_lies_elsewhere_or_is_empty_is_not_used_and_it_is_said(volume: Volume, why: str) -> None:
    found = supplied_liver(Given(volume), GRID)
    assert (found.mask, found.source) == (None, "none")
    assert why in found.note


def test_a_search_that_breaks_is_none_and_quotes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("/archive/Doe")

    monkeypatch.setattr(prepare, "find_liver", broken)
    found = liver_of(Volume(np.zeros(GRID.shape_zyx, np.int16), GRID))
    assert (found.mask, found.source) == (None, "none")
    assert "RuntimeError" in found.note
    assert "Doe" not in found.note
