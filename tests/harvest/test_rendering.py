"""Tiles: the same piece of the patient in every phase, in mm."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from detector.geometry import Box3D, VolumeGeometry
from harvest.rendering import Tile, Window, grey, render, render_whole, tile_of, window_range_hu

GRID = VolumeGeometry((20, 100, 120), (0.8, 0.8, 5.0), (-48.0, -40.0, 10.0))
coordinate = st.floats(-40, 40)
size = st.floats(1, 200)


@settings(max_examples=50, deadline=None)
@given(coordinate, coordinate, size, size, st.integers(-5, 30))
def test_a_tile_holds_the_box_with_a_margin_and_slices_of_the_volume(
    x: float, y: float, width: float, height: float, key: int
) -> None:
    box = Box3D((x, y, 20), (x + width, y + height, 40))
    tile = tile_of(GRID, box, key)
    sides = [hi - lo for lo, hi in zip(tile.crop_lo, tile.crop_hi, strict=True)]
    assert sides == pytest.approx([max(96, width + 32, height + 32)] * 2)
    assert tile.mm_per_px * tile.width == pytest.approx(sides[0])
    assert 0 <= tile.first_z_index <= tile.first_z_index + tile.key_offset < 20
    assert tile.first_z_index + tile.count <= 20
    assert tile.count <= 7
    if 3 <= key <= 16:
        assert (tile.count, tile.key_offset, tile.first_z_index) == (7, 3, key - 3)


def test_what_lies_outside_the_volume_is_black() -> None:
    tile = tile_of(GRID, Box3D((-48, -40, 20), (-38, -30, 40)), 0)
    image = rendered(np.full(GRID.shape_zyx, 1000, np.int16), tile, (0, 100))
    # The volume begins 48.4 mm left of its origin's centre; the tile's left edge lies 91 mm left.
    first = round((-48.4 - tile.crop_lo[0]) / tile.mm_per_px)
    assert (image[0, -1, :first] == 0).all()
    assert (image[0, -1, first:] == 255).all()


def test_a_voxel_is_where_the_crop_says_it_is() -> None:
    voxels = np.zeros(GRID.shape_zyx, np.int16)
    voxels[7, 50, 60] = 1000
    tile = tile_of(GRID, Box3D((-10, -10, 40), (10, 10, 50)), 7)
    image = rendered(voxels, tile, (0, 1000))
    slice_, row, column = np.unravel_index(int(image.argmax()), image.shape)
    x, y, _ = GRID.point_from_index((7, 50, 60))
    assert slice_ == tile.key_offset
    assert tile.crop_lo[0] + (column + 0.5) * tile.mm_per_px == pytest.approx(x, abs=tile.mm_per_px)
    assert tile.crop_lo[1] + (row + 0.5) * tile.mm_per_px == pytest.approx(y, abs=tile.mm_per_px)


def test_windows_are_those_of_the_field() -> None:
    nothing = np.zeros((1, 4, 4))
    ranges = {w: window_range_hu(w, nothing) for w in Window if w is not Window.OWN}
    assert ranges == {
        Window.LIVER: (15, 165),
        Window.SOFT_TISSUE: (-160, 240),
        Window.LUNG: (-1350, 150),
        Window.BONE: (-770, 1730),
    }
    assert list(grey(np.array([0.0, 15, 90, 165, 999]), ranges[Window.LIVER])) == [0, 0, 128, 255, 255]


def test_the_own_window_leaves_out_the_air_and_suits_any_scale() -> None:
    rng = np.random.default_rng(0)
    body = rng.uniform(2000, 2100, (10, 64, 64))
    body[:, :32] = -1000
    low, high = window_range_hu(Window.OWN, body)
    assert 2000 <= low < 2005
    assert 2095 < high <= 2100
    low, high = window_range_hu(Window.OWN, np.full((2, 8, 8), 7))
    assert low < high


@pytest.mark.parametrize("key", [0, 7, 19])
def test_key_slice_and_neighbours_are_all_slices_of_a_tile_once(key: int) -> None:
    tile = tile_of(GRID, Box3D((-10, -10, 40), (10, 10, 50)), key)
    assert tile.key_z_index == key
    every = list(range(tile.first_z_index, tile.first_z_index + tile.count))
    assert sorted([tile.key_z_index, *tile.neighbour_z_indices]) == every
    assert tile.neighbour_z_indices == sorted(tile.neighbour_z_indices)


def test_a_whole_slice_is_a_pixel_a_voxel() -> None:
    plane = np.arange(0, 256, dtype=np.int16).reshape(8, 32)
    image = np.asarray(Image.open(io.BytesIO(render_whole(plane, (0, 255)))).convert("L"))
    assert (image == plane).all()


def rendered(voxels: np.ndarray, tile: Tile, shown: tuple[float, float]) -> np.ndarray:
    """All slices of a tile (slice, row, column), as a picture gives them back."""
    every = range(tile.first_z_index, tile.first_z_index + tile.count)
    data = render(voxels, GRID, tile, every, shown)
    sprite = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    return sprite.reshape(tile.count, -1, sprite.shape[1])
