"""Masks: one box a component in mm, whatever grid and format the mask came in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.errors import ReadError
from detector.geometry import Box3D, VolumeGeometry
from detector.ingest.masks import boxes_from_mask, mask_on_grid, read_mask
from detector.volume import Volume
from tests.detector.ingest.builders import write_series, write_volume_file

GRID = VolumeGeometry((10, 12, 14), (0.5, 1.0, 4.0), (100.0, 200.0, 300.0))


def mask_with(*parts: tuple[slice, slice, slice]) -> Volume:
    array = np.zeros(GRID.shape_zyx, np.uint8)
    for part in parts:
        array[part] = 1
    return Volume(array, GRID)


def test_box_has_the_outer_faces_of_its_component_and_the_largest_comes_first() -> None:
    small = np.s_[7:9, 8:10, 10:12]
    large = np.s_[1:4, 2:6, 3:7]
    assert boxes_from_mask(mask_with(small, large)) == [
        Box3D((101.25, 201.5, 302.0), (103.25, 205.5, 314.0)),
        Box3D((104.75, 207.5, 326.0), (105.75, 209.5, 334.0)),
    ]


def test_voxels_that_touch_at_a_corner_are_one_component() -> None:
    mask = mask_with(np.s_[1:3, 1:3, 1:3], np.s_[3:5, 3:5, 3:5])
    assert len(boxes_from_mask(mask)) == 1


def test_specks_under_three_voxels_and_an_empty_mask_give_nothing() -> None:
    assert boxes_from_mask(mask_with(np.s_[1:2, 1:2, 1:3])) == []
    assert len(boxes_from_mask(mask_with(np.s_[1:2, 1:2, 1:4]))) == 1
    assert boxes_from_mask(mask_with()) == []


def test_dicom_mask_of_0_and_255_is_read_where_its_slices_lie(tmp_path: Path) -> None:
    array = np.zeros((6, 12, 10), np.int16)
    array[2:4, 3:6, 4:9] = 255
    write_series(tmp_path / "livertumor1", array, intercept=0.0)
    mask = read_mask(tmp_path / "livertumor1")
    assert mask.array_zyx.dtype == np.uint8
    assert set(np.unique(mask.array_zyx)) == {0, 1}
    (box,) = boxes_from_mask(mask)
    assert box.lo == pytest.approx((-20 + 3.5 * 0.7, -30 + 2.5 * 0.8, 100 + 1.5 * 3))
    assert box.hi == pytest.approx((-20 + 8.5 * 0.7, -30 + 5.5 * 0.8, 100 + 3.5 * 3))


def test_mask_on_another_grid_keeps_its_place(tmp_path: Path) -> None:
    path = write_volume_file(tmp_path / "liver.nii.gz", np.pad(np.ones((4, 6, 6), np.uint8), 3))
    coarse = read_mask(path)
    fine_grid = VolumeGeometry((40, 48, 48), (0.35, 0.4, 0.75), coarse.geometry.origin_xyz_mm)
    (before,), (after,) = boxes_from_mask(coarse), boxes_from_mask(mask_on_grid(coarse, fine_grid))
    assert after.lo == pytest.approx(before.lo, abs=0.5)
    assert after.hi == pytest.approx(before.hi, abs=0.5)


def test_mask_of_another_scan_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    elsewhere = VolumeGeometry((10, 12, 14), (0.5, 1.0, 4.0), (900.0, 200.0, 300.0))
    with pytest.raises(ReadError) as caught:
        mask_on_grid(mask_with(np.s_[1:4, 2:6, 3:7]), elsewhere)
    assert caught.value.code == "mask_elsewhere"
    with pytest.raises(ReadError) as caught:
        read_mask(tmp_path)
    assert caught.value.code == "empty_folder"
