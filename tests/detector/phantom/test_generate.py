"""A phantom is the same for the same seed, and its truth is exactly what its images hold."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import center_of_mass, shift

from detector.geometry import Box3D
from detector.phantom.generate import PhantomStudy, generate
from detector.phantom.parameters import (
    LESION_CLASSES,
    PHASES,
    SUBTYPES,
    PhantomParameters,
    evaluation,
    training,
)

SMALL = {"matrix": 64, "slices": 24}
COHORT = [
    pytest.param(make(**SMALL, lesion_class=lesion_class), seed, id=f"{make.__name__}-{lesion_class}-{seed}")
    for make in (training, evaluation)
    for lesion_class in LESION_CLASSES
    for seed in range(3)
]


_generate = cache(generate)


@pytest.fixture(scope="module")
def moved() -> PhantomStudy:
    return generate(evaluation(matrix=96, slices=36, lesion_class="hcc"), 5)


def test_same_seed_gives_the_same_bytes_and_truth() -> None:
    first, again = (generate(training(**SMALL), 17) for _ in range(2))

    for phase in PHASES:
        assert first.volumes[phase].array_zyx.tobytes() == again.volumes[phase].array_zyx.tobytes()
    assert first.lesions == again.lesions
    assert first.baits == again.baits
    assert first.drawn == again.drawn


def test_another_seed_gives_another_study() -> None:
    first, other = (generate(training(**SMALL), seed) for seed in (17, 18))

    assert first.drawn != other.drawn
    assert not np.array_equal(
        first.volumes["portal_venous"].array_zyx, other.volumes["portal_venous"].array_zyx
    )


def test_phases_are_int16_hounsfield_units_on_one_grid(moved: PhantomStudy) -> None:
    assert tuple(moved.volumes) == PHASES
    assert {v.geometry for v in moved.volumes.values()} == {moved.geometry}
    assert moved.geometry.spacing_xyz_mm == (340 / 96, 340 / 96, 5.0)
    for volume in moved.volumes.values():
        assert volume.array_zyx.dtype == np.int16
        assert volume.array_zyx[:, 0, 0].mean() == pytest.approx(-1000, abs=15)


@pytest.mark.parametrize(("parameters", "seed"), COHORT)
def test_boxes_lie_on_the_outer_faces_of_their_labels(parameters: PhantomParameters, seed: int) -> None:
    study = _generate(parameters, seed)
    labels, geometry = study.labels.array_zyx, study.geometry

    assert sorted(np.unique(labels)) == [0, *(m.label for m in study.lesions)]
    for mark in study.lesions:
        index = np.argwhere(labels == mark.label)
        first, last = index.min(axis=0), index.max(axis=0)
        half = np.array(geometry.spacing_xyz_mm) / 2
        lo = np.array(geometry.point_from_index(tuple(first))) - half
        hi = np.array(geometry.point_from_index(tuple(last))) + half
        np.testing.assert_allclose(mark.box.lo, lo, atol=1e-6)
        np.testing.assert_allclose(mark.box.hi, hi, atol=1e-6)


@pytest.mark.parametrize(("parameters", "seed"), COHORT)
def test_one_to_three_lesions_of_one_class_in_the_liver_the_largest_primary(
    parameters: PhantomParameters, seed: int
) -> None:
    study = _generate(parameters, seed)
    labels = study.labels.array_zyx

    assert 1 <= len(study.lesions) <= 3
    assert {m.lesion_class for m in study.lesions} == {parameters.lesion_class}
    assert {m.subtype for m in study.lesions} <= set(SUBTYPES[study.lesion_class])
    sizes = {m.label: int((labels == m.label).sum()) for m in study.lesions}
    (primary,) = (m for m in study.lesions if m.primary)
    assert sizes[primary.label] == max(sizes.values())
    assert np.all(study.liver.array_zyx[labels > 0] == 1)
    assert all(_inside(m.box, study.geometry.extent) for m in study.lesions)
    assert all(_inside(b.box, study.geometry.extent) for b in study.baits)


def test_liver_has_the_volume_of_a_liver(moved: PhantomStudy) -> None:
    millilitres = moved.liver.array_zyx.sum() * np.prod(moved.geometry.spacing_xyz_mm) / 1000
    assert 800 < millilitres < 2600


def test_aligned_phases_do_not_move_and_show_the_same_patient() -> None:
    parameters = {"matrix": 64, "slices": 24, "lesion_class": "icc"}
    breathing = generate(training(**parameters), 3)  # type: ignore[arg-type]
    aligned = generate(training(**parameters, aligned=True), 3)  # type: ignore[arg-type]

    assert set(aligned.shifts_mm.values()) == {(0.0, 0.0, 0.0)}
    assert aligned.lesions == breathing.lesions
    assert np.array_equal(aligned.labels.array_zyx, breathing.labels.array_zyx)


@pytest.mark.parametrize("phase", ["non_contrast", "arterial", "delayed"])
def test_stated_shift_is_where_the_anatomy_went_in_the_image(moved: PhantomStudy, phase: str) -> None:
    """Fat, lung and air take no contrast medium: the shift that lays them on each other is the stated one."""
    shift_mm = moved.shifts_mm[phase]
    x, y, z = np.array(shift_mm) / moved.geometry.spacing_xyz_mm
    reference, other = (
        np.clip(moved.volumes[p].array_zyx.astype(np.float32), -200, 0) for p in ("portal_venous", phase)
    )
    inner = slice(4, -4)

    def misfit(levels: float) -> float:
        laid = shift(reference, (levels, y, x), order=1, mode="nearest")
        return float(np.abs(laid[inner] - other[inner]).mean())

    tries = np.arange(-3, 3.01, 0.25)
    best = tries[int(np.argmin([misfit(t) for t in tries]))]
    assert abs(shift_mm[2]) > 2
    assert best == pytest.approx(z, abs=0.3)


def test_in_plane_shift_moves_the_outline(moved: PhantomStudy) -> None:
    body = {p: moved.volumes[p].array_zyx > -200 for p in PHASES}
    middle = slice(14, 22)
    pixel = moved.geometry.spacing_xyz_mm[0]
    still = np.array(center_of_mass(body["portal_venous"][middle].any(axis=0)))
    for phase in PHASES:
        y, x = (np.array(center_of_mass(body[phase][middle].any(axis=0))) - still) * pixel
        assert x == pytest.approx(moved.shifts_mm[phase][0], abs=1.0)
        assert y == pytest.approx(moved.shifts_mm[phase][1], abs=1.0)


def _inside(box: Box3D, extent: Box3D) -> bool:
    return all(a >= b - 1e-6 for a, b in zip(box.lo, extent.lo, strict=True)) and all(
        a <= b + 1e-6 for a, b in zip(box.hi, extent.hi, strict=True)
    )
