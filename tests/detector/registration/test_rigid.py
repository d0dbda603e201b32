"""Rigid registration: a known movement is found, and one that helps nothing is not made."""

from __future__ import annotations

import numpy as np
import pytest

from detector.geometry import VolumeGeometry
from detector.registration.register import Registered, register
from detector.volume import Volume
from tests.detector.ingest.builders import BLOB_GRID as GRID
from tests.detector.ingest.builders import blob_liver, blob_scan

LIVER = blob_liver().astype(np.uint8)


def registered(moving: Volume, fixed: Volume, region: np.ndarray | None = LIVER) -> Registered:
    return register(moving, fixed, region, mode="rigid")


def mean_error_hu(volume: Volume, truth: Volume) -> float:
    inner = np.s_[3:-3, 4:-4, 4:-4]
    difference = volume.array_zyx[inner].astype(float) - truth.array_zyx[inner]
    return float(np.abs(difference).mean())


def test_breathing_shift_is_found_and_undone() -> None:
    fixed = Volume(blob_scan(), GRID)
    moving = Volume(blob_scan((3.0, -4.0, 9.0), seed=1), GRID)
    done = registered(moving, fixed)
    assert done.volume.geometry == GRID
    assert done.volume.array_zyx.dtype == np.int16
    assert done.quality.method == "rigid"
    assert done.quality.translation_mm == pytest.approx(np.linalg.norm([3, 4, 9]), abs=1.5)
    assert done.quality.rotation_deg < 2
    assert done.quality.similarity_after > done.quality.similarity_before
    assert done.quality.displacement_max_mm == 0
    assert done.quality.flag == ""
    assert mean_error_hu(done.volume, fixed) < 0.5 * mean_error_hu(moving, fixed)


def test_breath_deeper_than_the_search_reaches_is_found() -> None:
    fixed = Volume(blob_scan(), GRID)
    done = registered(Volume(blob_scan((0.0, 0.0, 45.0), seed=1), GRID), fixed)
    assert done.quality.method == "rigid"
    assert done.transform.translation_mm[2] == pytest.approx(45, abs=2)


def test_contrast_that_turns_around_does_not_mislead() -> None:
    fixed = Volume(blob_scan(), GRID)
    scan = blob_scan((0.0, 0.0, 8.0), seed=1).astype(np.int16)
    soft = (scan > 30) & (scan < 200)
    scan[soft] = 160 - scan[soft]
    quality = registered(Volume(scan, GRID), fixed).quality
    assert quality.method == "rigid"
    assert quality.translation_mm == pytest.approx(8, abs=2)


def test_phase_on_a_coarser_grid_comes_back_on_the_fixed_one_with_air_outside() -> None:
    fixed = Volume(blob_scan(), GRID)
    thick = VolumeGeometry((8, 108, 108), (3.0, 3.0, 10.0), (-160.0, -160.0, 20.0))
    volume = registered(Volume(blob_scan()[4:20:2], thick), fixed, None).volume
    assert volume.geometry == GRID
    assert (volume.array_zyx[0] == -1024).all()
    assert (volume.array_zyx[-1] == -1024).all()
    assert volume.array_zyx[10].max() > 300


def test_identical_phase_stays_where_it_is() -> None:
    fixed = Volume(blob_scan(), GRID)
    done = registered(fixed, fixed)
    assert done.quality.translation_mm < 0.5
    assert mean_error_hu(done.volume, fixed) < 5


def test_noise_without_any_likeness_is_left_in_the_scanners_frame_and_flagged() -> None:
    fixed = Volume(blob_scan(), GRID)
    far = VolumeGeometry(GRID.shape_zyx, GRID.spacing_xyz_mm, (5000.0, 5000.0, 5000.0))
    empty = Volume(np.full(GRID.shape_zyx, -1000, np.int16), far)
    done = registered(empty, fixed, None)
    assert done.quality.method == "identity"
    assert done.quality.translation_mm == done.quality.rotation_deg == 0
    assert done.quality.note
    assert done.quality.flag == "not aligned"
    assert (done.volume.array_zyx <= -1000).all()
