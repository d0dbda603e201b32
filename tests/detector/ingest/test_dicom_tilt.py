"""Tilted series: an anatomy that is linear in the patient's millimetres comes out as just that."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.ingest.discover import discover
from detector.ingest.found import FoundSeries
from detector.ingest.masks import read_mask
from tests.detector.ingest.builders import write_slice

SLOPES = np.array([3.0, -2.0, 5.0])  # HU a mm along x, y, z


def anatomy(points_xyz_mm: np.ndarray) -> np.ndarray:
    """HU at points (..., 3): linear, so that linear interpolation must reproduce it to rounding."""
    return 100 + points_xyz_mm @ SLOPES


def turned(x_degrees: float, y_degrees: float, z_degrees: float) -> np.ndarray:
    """Columns: directions of columns, rows and slices after turns about x, y and z."""
    a, b, c = np.radians([x_degrees, y_degrees, z_degrees])
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return x @ y @ z


def scan(folder: Path, directions: np.ndarray, step: np.ndarray, *, mask: bool = False) -> FoundSeries:
    """Ten slices of the anatomy; `step` leads from each to the next."""
    rows, columns = 14, 16
    j, i = np.mgrid[:rows, :columns]
    for k in range(10):
        corner = np.array([-8.0, -7.0, 20.0]) + k * step
        points = corner + 0.9 * i[..., None] * directions[:, 0] + 0.8 * j[..., None] * directions[:, 1]
        hu = np.where(anatomy(points) > 200, 255, 0) if mask else anatomy(points)
        orientation = (*directions[:, 0].tolist(), *directions[:, 1].tolist())
        write_slice(
            folder / f"{k}", np.rint(hu).astype(np.int16), tuple(corner.tolist()),
            orientation=orientation, spacing=(0.8, 0.9), intercept=0.0,
        )  # fmt: skip
    return None if mask else discover(folder).studies[0].acquisitions[0]  # type: ignore[return-value]


def assert_upright(series: FoundSeries) -> None:
    volume = series.read()
    grid = volume.geometry
    assert series.spacing == grid.spacing_xyz_mm
    z, y, x = np.indices(grid.shape_zyx)
    points = np.stack([x, y, z], axis=-1) * grid.spacing_xyz_mm + grid.origin_xyz_mm
    inside = volume.array_zyx != -1024
    assert inside.mean() > 0.2
    # A HU and a half: stored values, and the sums of them, are whole.
    assert np.abs(volume.array_zyx - anatomy(points))[inside].max() <= 1.5


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.floats(1, 29), st.sampled_from([-1, 1]))
def test_gantry_tilt_is_straightened_and_said(degrees: float, sign: int) -> None:
    with TemporaryDirectory() as folder:
        series = scan(Path(folder), turned(sign * degrees, 0, 0), np.array([0.0, 0.0, 2.5]))
        assert series.note == f"gantry tilt of {degrees:.1f} degrees straightened by linear interpolation"
        assert series.spacing[2] == pytest.approx(2.5)
        assert_upright(series)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.tuples(*[st.floats(-14, 14)] * 3).filter(lambda t: max(map(abs, t)) > 1))
def test_oblique_series_are_straightened_and_said(degrees: tuple[float, float, float]) -> None:
    with TemporaryDirectory() as folder:
        directions = turned(*degrees)
        series = scan(Path(folder), directions, 2.5 * directions[:, 2])
        assert series.note.startswith("slices oblique by ")
        assert_upright(series)


def test_upright_series_are_not_touched_and_nothing_is_said(tmp_path: Path) -> None:
    series = scan(tmp_path, np.eye(3), np.array([0.0, 0.0, 2.5]))
    assert series.note == ""
    assert series.read().array_zyx.shape == (10, 14, 16)
    assert_upright(series)


def test_masks_of_a_tilted_series_stay_masks_on_the_grid_of_the_series(tmp_path: Path) -> None:
    step = np.array([0.0, 0.0, 2.5])
    series = scan(tmp_path / "ct", turned(12, 0, 0), step)
    scan(tmp_path / "mask", turned(12, 0, 0), step, mask=True)
    mask, volume = read_mask(tmp_path / "mask"), series.read()
    assert mask.geometry.shape_zyx == volume.geometry.shape_zyx
    assert set(np.unique(mask.array_zyx)) == {0, 1}
    wrong = (volume.array_zyx > 210) & (mask.array_zyx == 0) | (volume.array_zyx < 190) & (
        mask.array_zyx == 1
    )
    assert (wrong & (volume.array_zyx != -1024)).mean() < 0.03
