"""A box drawn on one phase, on the grid of another."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.geometry import VolumeGeometry, VoxelBox
from detector.registration.resample import resample_box
from detector.registration.transform import Transform

GRID = VolumeGeometry((12, 30, 26), (2.0, 2.5, 5.0), (-31.0, 12.5, -100.0))
BOX = GRID.box_from_voxels(VoxelBox((3, 10, 8), (7, 18, 15)))


@settings(max_examples=25, deadline=None)
@given(st.tuples(*(st.integers(-3, 3),) * 3))
def test_a_shift_by_whole_voxels_shifts_the_box_by_as_many_the_other_way(steps: tuple[int, int, int]) -> None:
    """A transform maps the reference to the phase, so what lies there comes back by its inverse."""
    shift = tuple(n * s for n, s in zip(steps, GRID.spacing_xyz_mm, strict=True))
    found = resample_box(BOX, GRID, GRID, Transform(translation_mm=shift))
    assert found is not None
    assert np.allclose(found.lo, np.array(BOX.lo) - shift)
    assert np.allclose(found.hi, np.array(BOX.hi) - shift)


def test_a_turned_box_is_enclosed() -> None:
    c, s = np.cos(0.4), np.sin(0.4)
    turn = Transform(matrix=((c, -s, 0.0), (s, c, 0.0), (0.0, 0.0, 1.0)), centre_mm=BOX.centre_mm)
    found = resample_box(BOX, GRID, GRID, turn)
    assert found is not None
    assert found.volume_mm3 > BOX.volume_mm3
    assert found.volume_mm3 < 2.5 * BOX.volume_mm3
    assert np.allclose(found.centre_mm, BOX.centre_mm, atol=2.5)


def test_another_grid_holds_the_same_box_to_its_own_voxels() -> None:
    fine = VolumeGeometry((40, 60, 60), (1.0, 1.0, 1.5), (-31.0, 12.5, -100.0))
    found = resample_box(BOX, GRID, fine, Transform())
    assert found is not None
    for a, b, spacing in zip(
        (*found.lo, *found.hi), (*BOX.lo, *BOX.hi), fine.spacing_xyz_mm * 2, strict=True
    ):
        assert abs(a - b) <= spacing


def test_a_box_that_leaves_the_grid_is_none() -> None:
    assert resample_box(BOX, GRID, GRID, Transform(translation_mm=(500.0, 0.0, 0.0))) is None
