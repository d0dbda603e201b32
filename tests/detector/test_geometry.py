"""Boxes and grids in mm: what holds for every box on every grid."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import GeometryError
from detector.geometry import Box3D, VolumeGeometry, VoxelBox, intersection_mm3, iou

coordinates = st.floats(-500, 500, allow_nan=False)
lengths = st.floats(0.5, 300, allow_nan=False)
points = st.tuples(coordinates, coordinates, coordinates)


@st.composite
def boxes(draw: st.DrawFn) -> Box3D:
    lo = draw(points)
    return Box3D(lo, tuple(a + draw(lengths) for a in lo))


@st.composite
def grids(draw: st.DrawFn) -> VolumeGeometry:
    sizes, steps = st.integers(1, 600), st.floats(0.2, 20)
    return VolumeGeometry(
        draw(st.tuples(sizes, sizes, sizes)), draw(st.tuples(steps, steps, steps)), draw(points), "2.25.1"
    )


@given(grids(), boxes())
def test_box_survives_the_way_to_voxels_and_back(grid: VolumeGeometry, box: Box3D) -> None:
    back = grid.box_from_voxels(grid.voxels_from_box(box))
    assert (*back.lo, *back.hi) == pytest.approx((*box.lo, *box.hi), abs=1e-6)


@given(grids(), points)
def test_point_survives_the_way_to_an_index_and_back(grid: VolumeGeometry, point: tuple[float, ...]) -> None:
    assert grid.point_from_index(grid.index_from_point(point)) == pytest.approx(point, abs=1e-6)


@given(grids(), boxes())
def test_grid_and_box_survive_json_exactly(grid: VolumeGeometry, box: Box3D) -> None:
    assert VolumeGeometry.from_json(grid.as_json()) == grid
    assert Box3D.from_json(box.as_json()) == box


@given(boxes(), boxes())
def test_iou_is_symmetric_and_bounded(a: Box3D, b: Box3D) -> None:
    assert iou(a, b) == pytest.approx(iou(b, a), rel=1e-9, abs=1e-12)
    assert 0 <= iou(a, b) <= 1 + 1e-9


@given(boxes(), points)
def test_iou_does_not_change_when_both_boxes_move(a: Box3D, by: tuple[float, ...]) -> None:
    half = Box3D(a.lo, tuple((p + q) / 2 for p, q in zip(a.lo, a.hi, strict=True)))
    moved = [
        Box3D(*(tuple(p + s for p, s in zip(c, by, strict=True)) for c in (x.lo, x.hi))) for x in (a, half)
    ]
    assert iou(a, a) == pytest.approx(1)
    assert iou(*moved) == pytest.approx(iou(a, half), rel=1e-5)
    assert iou(a, half) == pytest.approx(1 / 8, rel=1e-6)


def test_boxes_that_only_touch_share_nothing() -> None:
    assert intersection_mm3(Box3D((0, 0, 0), (1, 1, 1)), Box3D((1, 0, 0), (2, 1, 1))) == 0


def test_box_is_bounded_by_the_outer_faces_of_its_voxels() -> None:
    grid = VolumeGeometry((10, 10, 10), (0.5, 1.0, 4.0), (100.0, 200.0, 300.0))
    box = grid.box_from_voxels(VoxelBox((2, 3, 4), (3, 5, 8)))
    assert box == Box3D((101.75, 202.5, 306.0), (103.75, 204.5, 310.0))


def test_extent_is_as_large_as_all_voxels_together() -> None:
    grid = VolumeGeometry((4, 5, 6), (0.5, 1.0, 4.0), (0.0, 0.0, 0.0))
    assert grid.extent.size_mm == pytest.approx((3.0, 5.0, 16.0))


@given(grids(), boxes())
def test_slices_hold_exactly_the_centres_inside_and_never_nothing(grid: VolumeGeometry, box: Box3D) -> None:
    voxels = grid.voxels_from_box(box)
    for part, lo, hi, n in zip(
        grid.slices_from_box(box), voxels.lo_zyx, voxels.hi_zyx, grid.shape_zyx, strict=True
    ):
        assert 0 <= part.start < part.stop <= n
        inside = [i for i in range(n) if lo <= i + 0.5 < hi]
        if inside:
            assert (part.start, part.stop) == (inside[0], inside[-1] + 1)
        else:
            assert part.stop - part.start == 1


def test_box_thinner_than_a_slice_covers_the_slice_it_lies_in() -> None:
    grid = VolumeGeometry((10, 4, 4), (1, 1, 5), (0, 0, 0))
    assert grid.slices_from_box(Box3D((0, 0, 24), (1, 1, 25)))[0] == slice(5, 6)


@pytest.mark.parametrize(
    ("lo", "hi"),
    [
        ((0, 0, 0), (1, 1, 0)),
        ((0, 0, 2), (1, 1, 1)),
        ((0, 0, math.nan), (1, 1, 1)),
        ((0, 0, 0), (1, 1, math.inf)),
        ((0, 0), (1, 1)),
        (None, (1, 1, 1)),
    ],
)
def test_box_that_cannot_exist_is_refused(lo: object, hi: object) -> None:
    with pytest.raises(GeometryError):
        Box3D(lo, hi)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((0, 4, 4), (1, 1, 1)), ((4, 4, 4), (1, 0, 1)), ((4, 4, 4), (1, -1, 1)), ((4, 4), (1, 1, 1))],
)
def test_grid_that_cannot_exist_is_refused(shape: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    with pytest.raises(GeometryError):
        VolumeGeometry(shape, spacing, (0, 0, 0))  # type: ignore[arg-type]
