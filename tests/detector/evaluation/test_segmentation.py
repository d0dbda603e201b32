"""Overlap, surface distance and volume on masks small enough to measure with a ruler."""

from __future__ import annotations

import numpy as np
import pytest

from detector.errors import ShapeError
from detector.evaluation.segmentation import overlap
from detector.geometry import VolumeGeometry

GRID = VolumeGeometry((20, 30, 40), (1.0, 2.0, 3.0), (5.0, -7.0, 100.0))


def block(z: int, y: int, x: int) -> np.ndarray:
    mask = np.zeros(GRID.shape_zyx, np.uint8)
    mask[z : z + 8, y : y + 10, x : x + 12] = 1
    return mask


def test_a_mask_is_itself() -> None:
    same = overlap(block(4, 4, 4), block(4, 4, 4), GRID)
    assert (same.dice, same.recall, same.hd95_mm, same.volume_error) == (1, 1, 0, 0)


@pytest.mark.parametrize(("moved", "mm"), [((0, 0, 4), 4.0), ((0, 2, 0), 4.0), ((2, 0, 0), 6.0)])
def test_a_moved_mask_is_off_by_as_many_mm_along_any_axis(moved: tuple[int, int, int], mm: float) -> None:
    off = overlap(block(4 + moved[0], 4 + moved[1], 4 + moved[2]), block(4, 4, 4), GRID)
    assert off.hd95_mm == pytest.approx(mm)
    assert off.volume_error == 0
    assert off.dice < 1


def test_half_of_a_liver_is_half_its_volume_and_recall() -> None:
    half = block(4, 4, 4)
    half[8:] = 0
    found = overlap(half, block(4, 4, 4), GRID)
    assert (found.recall, found.volume_error) == (0.5, -0.5)
    assert found.dice == pytest.approx(2 / 3)


def test_nothing_found_has_no_surface_and_nothing_true_is_refused() -> None:
    nothing = np.zeros(GRID.shape_zyx, np.uint8)
    assert overlap(nothing, block(4, 4, 4), GRID).dice == 0
    assert np.isnan(overlap(nothing, block(4, 4, 4), GRID).hd95_mm)
    with pytest.raises(ShapeError):
        overlap(block(4, 4, 4), nothing, GRID)
    with pytest.raises(ShapeError):
        overlap(block(4, 4, 4)[1:], block(4, 4, 4), GRID)
