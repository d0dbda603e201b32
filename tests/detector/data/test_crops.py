"""Crops keep millimetres: a larger lesion covers more pixels, on any scanner's grid."""

from __future__ import annotations

import numpy as np
import pytest

from detector.data.crops import (
    axial_crops,
    box_plane,
    ellipsoid_plane,
    grid_around,
    hide_phases,
    jitter_box,
    phase_crops,
    side_for,
    slices_by_area,
)
from detector.errors import PhaseError
from detector.geometry import Box3D, VolumeGeometry
from detector.volume import Volume
from tests.detector.small_studies import CLASS_HU, GEOMETRY, PHASES, sphere_box, study_with


def test_a_lesion_twice_as_large_in_mm_covers_twice_the_pixels_along_each_axis() -> None:
    small = box_plane(Box3D((0, 0, 0), (14, 21, 5)), grid_around(Box3D((0, 0, 0), (14, 21, 5)), 0.7, 256))
    large = box_plane(Box3D((0, 0, 0), (28, 42, 5)), grid_around(Box3D((0, 0, 0), (28, 42, 5)), 0.7, 256))
    assert (small.any(0).sum(), small.any(1).sum()) == (20, 30)
    assert (large.any(0).sum(), large.any(1).sum()) == (40, 60)


def ramp_volume(spacing: tuple[float, float, float], origin: tuple[float, float, float]) -> Volume:
    """HU = x + 3 y + 100 slice, so that every sample says where it was taken."""
    geometry = VolumeGeometry((3, 90, 70), spacing, origin)
    z, y, x = np.meshgrid(np.arange(3), np.arange(90), np.arange(70), indexing="ij")
    hu = (origin[0] + x * spacing[0]) + 3 * (origin[1] + y * spacing[1]) + 100 * z
    return Volume(hu.astype(np.float32), geometry)


@pytest.mark.parametrize("pixel_mm", [0.7, 1.4, 2.8])
def test_samples_are_taken_where_the_grid_says(pixel_mm: float) -> None:
    volume = ramp_volume((0.9, 1.1, 5.0), (-30.0, 12.0, 0.0))
    grid = grid_around(Box3D((-5, 50, 0), (5, 70, 5)), pixel_mm, 12)
    (crop,) = axial_crops(volume, [1], grid)
    expected = grid.centres_mm(0)[None] + 3 * grid.centres_mm(1)[:, None] + 100
    # the HU change by 4.4 a mm at most: a tenth of a millimetre
    np.testing.assert_allclose(crop, expected, atol=0.44)


def test_outside_the_volume_is_air_and_past_its_ends_the_nearest_slice() -> None:
    volume = ramp_volume((1.0, 1.0, 5.0), (0.0, 0.0, 0.0))
    grid = grid_around(Box3D((-5, 40, 0), (5, 50, 5)), 1.0, 20)
    below, first = axial_crops(volume, [-1, 0], grid)
    assert np.array_equal(below, first)
    assert (first[:, grid.centres_mm(0) < -0.5] == -1000).all()
    assert (first[:, grid.centres_mm(0) > -0.5] > -1000).all()
    far = grid_around(Box3D((900, 900, 0), (910, 910, 5)), 1.0, 8)
    assert (axial_crops(volume, [0], far) == -1000).all()


def test_a_box_thinner_than_a_pixel_still_marks_one() -> None:
    box = Box3D((10.05, 10.05, 0), (10.15, 10.15, 5))
    assert box_plane(box, grid_around(box, 2.8, 32)).sum() == 1


def test_the_inscribed_ellipsoid_is_widest_in_the_middle_and_ends_with_its_box() -> None:
    box = Box3D((0, 0, 0), (40, 20, 30))
    grid = grid_around(box, 0.5, 128)
    areas = [ellipsoid_plane(box, z, grid).sum() * 0.25 for z in (-1, 7.5, 15, 22.5, 31)]
    assert areas[0] == areas[4] == 0
    assert areas[2] == pytest.approx(np.pi * 20 * 10, rel=0.02)
    assert areas[1] == areas[3] == pytest.approx(np.pi * 20 * 10 * 0.75, rel=0.02)


def test_a_crop_grows_with_its_lesion() -> None:
    def box(mm: float) -> Box3D:
        return Box3D((0, 0, 0), (mm, 10, 10))

    assert [side_for(box(mm), 0.7, (256, 384, 512)) for mm in (20, 139, 145, 220, 400)] == [
        256, 256, 384, 512, 512,
    ]  # fmt: skip


def test_a_missing_phase_says_so_in_its_presence_plane() -> None:
    box = sphere_box((10, -40, 326), 30)
    study = study_with([(box, CLASS_HU["hcc"])], phases=("arterial", "portal_venous"))
    crops = phase_crops(study, PHASES, 5, grid_around(box, 2.8, 32), absent=("arterial",))
    assert crops[4:].max(axis=(1, 2)).tolist() == [0, 0, 1, 0]
    assert crops[4:].min(axis=(1, 2)).tolist() == [0, 0, 1, 0]
    with pytest.raises(PhaseError, match="none of the phases"):
        phase_crops(study, ("t1",), 5, grid_around(box, 2.8, 32))


def test_hiding_phases_never_hides_the_last() -> None:
    rng = np.random.default_rng(0)
    left = set()
    for _ in range(50):
        image = np.ones((8, 2, 2), np.float32)
        hide_phases(image, 4, 0.9, rng)
        left.add(int(image[4:, 0, 0].sum()))
        assert np.array_equal(image[:4], image[4:])
    assert min(left) == 1


def test_slices_come_largest_first_and_only_from_the_box() -> None:
    box = Box3D((0, 0, 311), (10, 10, 339))
    order = slices_by_area(GEOMETRY, box)
    assert order[0] == 5
    assert sorted(order) == [3, 4, 5, 6, 7]


def test_a_jittered_box_stays_near_and_zero_jitter_changes_nothing() -> None:
    box = Box3D((0, 10, 20), (40, 30, 50))
    rng = np.random.default_rng(0)
    assert jitter_box(box, rng, 0.0) == box
    for _ in range(20):
        moved = jitter_box(box, rng, 0.2)
        shift = np.abs(np.array(moved.centre_mm) - box.centre_mm) / box.size_mm
        scale = np.array(moved.size_mm) / box.size_mm
        assert shift.max() <= 0.1 + 1e-9
        assert scale.min() >= 0.8 - 1e-9
        assert scale.max() <= 1.2 + 1e-9
