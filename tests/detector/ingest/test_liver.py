"""The liver region: the supplied mask wins; a plain scan gives one on the patient's right; else None."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.errors import ReadError
from detector.geometry import VolumeGeometry
from detector.ingest.liver import find_liver
from detector.volume import Volume
from tests.detector.ingest.builders import BLOB_GRID as GRID
from tests.detector.ingest.builders import blob_liver, blob_scan, write_volume_file


def test_largest_even_organ_on_the_right_is_found_with_the_tumour_in_it() -> None:
    mask = find_liver(Volume(blob_scan(), GRID))
    assert mask is not None
    assert mask.dtype == np.uint8
    assert mask.shape == GRID.shape_zyx
    truth = blob_liver()
    assert 2 * (truth & (mask > 0)).sum() / (truth.sum() + mask.sum()) > 0.85
    tumour_zyx = (13, 47, 32)
    assert mask[tumour_zyx] == 1
    spleen_zyx = (13, 55, 78)
    assert mask[spleen_zyx] == 0


def test_supplied_mask_wins_as_volume_and_as_file(tmp_path: Path) -> None:
    own = np.zeros(GRID.shape_zyx, np.uint8)
    own[5:9, 10:30, 10:30] = 1
    reference = Volume(blob_scan(), GRID)
    path = write_volume_file(tmp_path / "liver.nii.gz", own, GRID.spacing_xyz_mm, GRID.origin_xyz_mm)
    for supplied in (Volume(own, GRID), path):
        found = find_liver(reference, supplied)
        assert found is not None
        assert (found == own).all()


@pytest.mark.parametrize("hu", [-1000, 60])
def test_scan_without_a_liver_gives_none(hu: int) -> None:
    noise = np.random.default_rng(0).normal(0, 5, GRID.shape_zyx)
    small = VolumeGeometry(GRID.shape_zyx, (1.0, 1.0, 1.0), (0, 0, 0))
    assert find_liver(Volume((noise + hu).astype(np.int16), small)) is None


def test_supplied_mask_of_another_scan_is_refused() -> None:
    elsewhere = VolumeGeometry(GRID.shape_zyx, GRID.spacing_xyz_mm, (900.0, 0.0, 0.0))
    with pytest.raises(ReadError):
        find_liver(Volume(blob_scan(), GRID), Volume(np.ones(GRID.shape_zyx, np.uint8), elsewhere))
