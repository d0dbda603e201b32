"""A person's nudge: the phase moves by exactly that vector, sampled once, whatever lies under it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.geometry import Vector, VolumeGeometry, VoxelBox
from detector.registration.resample import resample, resample_mask
from detector.registration.similarity import Comparison
from detector.registration.transform import Field, Transform, read_transform, write_transform
from detector.volume import AIR_HU, Volume

SHAPE = (9, 12, 14)
TURNED = Transform(
    matrix=((0.998, -0.06, 0.0), (0.06, 0.998, 0.0), (0.0, 0.0, 1.0)),
    translation_mm=(3.0, -4.5, 7.0),
    centre_mm=(10.0, 20.0, 30.0),
)
sizes = st.floats(0.4, 6.0)
places = st.floats(-400.0, 400.0)
grids = st.builds(
    lambda spacing, origin: VolumeGeometry(SHAPE, spacing, origin),
    st.tuples(sizes, sizes, sizes),
    st.tuples(places, places, places),
)
steps_xyz = st.tuples(*(st.integers(-3, 3),) * 3)


def scan(grid: VolumeGeometry, seed: int = 0) -> Volume:
    return Volume(np.random.default_rng(seed).integers(-900, 900, SHAPE).astype(np.int16), grid)


def smooth_scan(grid: VolumeGeometry) -> Volume:
    z, y, x = np.indices(SHAPE)
    return Volume((100 * np.sin(x / 2) + 80 * np.cos(y / 3) + 40 * z).astype(np.int16), grid)


def bending(grid: VolumeGeometry) -> Field:
    """A smooth field of a few mm that reaches over the whole of the grid."""
    shape = (6, 6, 6)
    lo, hi = np.array(grid.extent.lo), np.array(grid.extent.hi)
    spacing = tuple((hi - lo) / 5)
    z, y, x = np.indices(shape)
    waves = np.stack([np.sin(y), np.cos(x + z), np.sin(x - y)]) * 2
    return Field(waves.astype(np.float32), VolumeGeometry(shape, spacing, tuple(lo)))


def by_voxels(array: np.ndarray, steps: tuple[int, int, int]) -> np.ndarray:
    """(Z, Y, X) moved by whole voxels (x, y, z), air coming in."""
    out = np.full_like(array, AIR_HU)
    to = tuple(slice(max(s, 0), n + min(s, 0)) for s, n in zip(steps[::-1], array.shape, strict=True))
    of = tuple(slice(max(-s, 0), n + min(-s, 0)) for s, n in zip(steps[::-1], array.shape, strict=True))
    out[to] = array[of]
    return out


def mm_of(grid: VolumeGeometry, steps: tuple[int, int, int]) -> Vector:
    return tuple(s * k for s, k in zip(grid.spacing_xyz_mm, steps, strict=True))  # type: ignore[return-value]


@given(grids, steps_xyz)
@settings(max_examples=60, deadline=None)
def test_whole_voxels_give_exactly_the_array_moved(grid: VolumeGeometry, steps: tuple[int, int, int]) -> None:
    volume = scan(grid)
    moved = resample(volume, grid, Transform(nudge_mm=mm_of(grid, steps)))
    assert (moved.array_zyx == by_voxels(np.asarray(volume.array_zyx), steps)).all()
    assert moved.geometry == grid


@given(grids, steps_xyz)
@settings(max_examples=30, deadline=None)
def test_what_was_bent_and_turned_moves_as_a_whole(grid: VolumeGeometry, steps: tuple[int, int, int]) -> None:
    volume = smooth_scan(grid)
    for transform in (TURNED, replace(TURNED, field=bending(grid))):
        still = np.asarray(resample(volume, grid, transform).array_zyx)
        moved = resample(volume, grid, replace(transform, nudge_mm=mm_of(grid, steps))).array_zyx.astype(int)
        inner = tuple(slice(3, n - 3) for n in SHAPE)
        assert np.abs(moved - by_voxels(still, steps))[inner].max() <= 1


@given(st.tuples(places, places, places), steps_xyz, steps_xyz)
@settings(max_examples=50, deadline=None)
def test_nudges_add(point: Vector, a: tuple[int, int, int], b: tuple[int, int, int]) -> None:
    transform = replace(TURNED, field=bending(VolumeGeometry(SHAPE, (4.0, 4.0, 4.0), (-20.0, -20.0, 0.0))))
    both = replace(transform, nudge_mm=tuple(p + q for p, q in zip(a, b, strict=True)))
    here, behind = np.array([point]), np.array([point]) - np.array(b)
    assert both.points(here) == pytest.approx(replace(transform, nudge_mm=a).points(behind), abs=1e-9)


def test_itk_moves_points_as_we_do() -> None:
    grid = VolumeGeometry(SHAPE, (4.0, 4.0, 4.0), (-20.0, -20.0, 0.0))
    transform = replace(TURNED, field=bending(grid), nudge_mm=(3.0, -1.5, 2.5))
    points = np.random.default_rng(3).uniform(
        np.array(grid.extent.lo) + 8, np.array(grid.extent.hi) - 8, (30, 3)
    )
    by_itk = [transform.to_itk().TransformPoint(p) for p in points.tolist()]
    assert transform.points(points) == pytest.approx(np.array(by_itk), abs=1e-3)


def test_no_nudge_changes_no_bit() -> None:
    grid = VolumeGeometry(SHAPE, (0.7, 0.8, 2.5), (-5.3, 8.1, 100.7))
    for transform in (TURNED, replace(TURNED, field=bending(grid))):
        zero = replace(transform, nudge_mm=(0.0, 0.0, 0.0))
        assert (
            resample(scan(grid), grid, zero).array_zyx == resample(scan(grid), grid, transform).array_zyx
        ).all()
        assert zero.to_itk().GetName() == transform.to_itk().GetName()


def test_the_original_is_sampled_once() -> None:
    """Half a voxel and half a voxel back is nothing; two interpolations would have blurred the noise."""
    grid = VolumeGeometry(SHAPE, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    there = Transform(translation_mm=(0.5, 0.0, 0.0), nudge_mm=(0.5, 0.0, 0.0))
    assert (resample(scan(grid), grid, there).array_zyx == scan(grid).array_zyx).all()


def test_nudge_is_kept_with_the_transform(tmp_path: Path) -> None:
    moved = replace(TURNED, nudge_mm=(3.0, -1.5, 0.25))
    write_transform(moved, tmp_path / "arterial.json")
    assert read_transform(tmp_path / "arterial.json") == moved
    assert not replace(Transform(), nudge_mm=(0.0, 0.0, 1.0)).is_identity


def test_transform_of_before_there_were_nudges_has_none(tmp_path: Path) -> None:
    path = tmp_path / "arterial.json"
    write_transform(TURNED, path)
    path.write_text(path.read_text().replace('"nudge_mm"', '"unknown"'))
    assert read_transform(path) == TURNED


def test_similarity_tells_a_nudge_to_the_right_place_from_one_away() -> None:
    grid = VolumeGeometry((20, 60, 60), (3.0, 3.0, 3.0), (0.0, 0.0, 0.0))
    blocks = np.random.default_rng(2).integers(0, 200, (5, 15, 15)).astype(np.int16)
    fixed = Volume(np.kron(blocks, np.ones((4, 4, 4), np.int16)), grid)
    moving = Volume(by_voxels(np.asarray(fixed.array_zyx), (2, -1, 1)), grid)
    comparison = Comparison(fixed, None)
    at = {n: comparison.similarity(comparison.coarse(moving), Transform(nudge_mm=n)) for n in (
        (-6.0, 3.0, -3.0), (0.0, 0.0, 0.0), (6.0, -3.0, 3.0)
    )}  # fmt: skip
    right, none, away = at.values()
    assert right > 1.5 * none > 1.5 * away


def test_mask_goes_where_its_phase_goes() -> None:
    grid = VolumeGeometry(SHAPE, (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    mask = np.zeros(SHAPE, np.uint8)
    mask[grid.slices_from_box(grid.box_from_voxels(VoxelBox((2, 3, 4), (5, 6, 8))))] = 1
    moved = resample_mask(Volume(mask, grid), grid, Transform(nudge_mm=(2.0, -1.0, 4.0)))
    assert (moved.array_zyx == np.roll(mask, (2, -1, 2), (0, 1, 2))).all()
