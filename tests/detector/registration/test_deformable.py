"""The deformable step: a known warp is undone, also where lesions invert, and what does harm is not kept."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.fx.experimental._config

from detector.errors import ReadError
from detector.geometry import VolumeGeometry
from detector.phantom.generate import PhantomStudy, generate
from detector.phantom.parameters import training
from detector.registration import deform
from detector.registration import register as register_module
from detector.registration.mind import mind
from detector.registration.quality import Movement, flag_of, movement
from detector.registration.register import Registered, register
from detector.registration.resample import resample
from detector.registration.transform import Field, Transform, read_transform, write_transform
from detector.volume import Volume
from tests.detector.ingest.builders import BLOB_GRID, blob_scan

GRID = VolumeGeometry((6, 7, 8), (4.0, 4.0, 4.0), (-10.0, 5.0, 100.0))


@cache
def bent() -> PhantomStudy:
    """A small study bent by up to 12 mm between its phases; its lesions turn from bright to dark."""
    return generate(replace(training(matrix=96, slices=24, lesion_class="hcc"), deformation_mm=12.0), 5)


@cache
def arterial_on_venous() -> Registered:
    study = bent()
    return register(study.volumes["arterial"], study.volumes["portal_venous"], liver(study))


def liver(study: PhantomStudy) -> np.ndarray:
    return study.liver.array_zyx.astype(np.uint8)


def target_error_mm(study: PhantomStudy, transform: Transform, mask: np.ndarray) -> float:
    g = study.geometry
    points = np.array(g.origin_xyz_mm) + np.argwhere(mask)[::11, ::-1] * np.array(g.spacing_xyz_mm)
    apart = study.in_reference("arterial", transform.points(points)) - points
    return float(np.linalg.norm(apart, axis=1).mean())


def a_field(displacement: np.ndarray) -> Field:
    return Field(np.asarray(displacement, np.float32), GRID)


def test_known_warp_is_undone_better_than_by_a_rigid_movement() -> None:
    study, done = bent(), arterial_on_venous()
    inside = study.liver.array_zyx > 0
    assert done.quality.method == "deformable"
    assert done.quality.flag == ""
    assert done.quality.folding_share == 0
    assert done.quality.similarity_before < done.quality.similarity_rigid < done.quality.similarity_after
    assert 1 < done.quality.displacement_mean_mm < done.quality.displacement_max_mm < 20
    error = target_error_mm(study, done.transform, inside)
    assert error < 0.6 * target_error_mm(study, done.transform.rigid, inside)
    assert error < 3


def test_lesion_that_turns_from_bright_to_dark_is_met() -> None:
    study, done = bent(), arterial_on_venous()
    assert target_error_mm(study, done.transform, study.labels.array_zyx > 0) < 3


def test_the_same_input_gives_the_same_volume() -> None:
    study, done = bent(), arterial_on_venous()
    again = register(study.volumes["arterial"], study.volumes["portal_venous"], liver(study))
    assert (again.volume.array_zyx == done.volume.array_zyx).all()


def test_stored_volume_comes_again_from_the_original_and_the_stored_transform(tmp_path: Path) -> None:
    study, done = bent(), arterial_on_venous()
    write_transform(done.transform, tmp_path / "arterial.json")
    made = resample(study.volumes["arterial"], study.geometry, read_transform(tmp_path / "arterial.json"))
    assert (made.array_zyx == done.volume.array_zyx).all()


def test_damaged_transform_is_refused_by_name(tmp_path: Path) -> None:
    write_transform(arterial_on_venous().transform, tmp_path / "arterial.json")
    (tmp_path / "arterial.npy").write_bytes(b"not an array")
    with pytest.raises(ReadError, match="damaged"):
        read_transform(tmp_path / "arterial.json")


def test_rigid_resampling_and_that_through_an_empty_field_are_the_same() -> None:
    study = bent()
    turned = Transform(
        matrix=((0.998, -0.06, 0.0), (0.06, 0.998, 0.0), (0.0, 0.0, 1.0)), translation_mm=(3.0, -4.5, 7.0)
    )
    still = np.zeros((3, *GRID.shape_zyx), np.float32)
    moving = study.volumes["arterial"]
    a = resample(moving, study.geometry, turned).array_zyx.astype(int)
    b = resample(moving, study.geometry, replace(turned, field=a_field(still))).array_zyx.astype(int)
    inner = np.s_[3:-3, 8:-8, 8:-8]
    assert np.abs(a - b)[inner].max() <= 1
    assert (a == -1024).any() == (b == -1024).any()


def test_transform_moves_points_as_itk_does() -> None:
    done = arterial_on_venous()
    assert done.transform.field is not None
    points = np.random.default_rng(3).uniform(*_inner(done.transform.field), size=(40, 3))
    by_itk = [done.transform.to_itk().TransformPoint(p) for p in points.tolist()]
    assert done.transform.points(points) == pytest.approx(np.array(by_itk), abs=1e-3)


def _inner(field: Field) -> tuple[np.ndarray, np.ndarray]:
    extent = field.geometry.extent
    return np.array(extent.lo) + 6, np.array(extent.hi) - 6


def test_field_that_goes_back_on_itself_folds_and_a_stretch_does_not() -> None:
    x = np.arange(8) * 4.0
    fold, stretch = np.zeros((2, 3, *GRID.shape_zyx))
    fold[0] = -1.5 * x
    stretch[0] = 0.5 * x
    fixed = Volume(np.zeros(GRID.shape_zyx, np.int16), GRID)
    assert movement(a_field(fold), fixed, None).folding_share == 1
    assert movement(a_field(stretch), fixed, None).folding_share == 0
    assert movement(a_field(stretch), fixed, None).displacement_max_mm == pytest.approx(14)


def test_figures_are_those_of_the_region() -> None:
    region = np.zeros(GRID.shape_zyx, np.uint8)
    region[:, :, :3] = 1
    far = np.zeros((3, *GRID.shape_zyx))
    far[2, :, :, 5:] = 30
    fixed = Volume(np.zeros(GRID.shape_zyx, np.int16), GRID)
    assert movement(a_field(far), fixed, region).displacement_max_mm == 0
    assert movement(a_field(far), fixed, None).displacement_max_mm == 30


@pytest.mark.parametrize(
    ("what", "plausible"),
    [
        (Movement(0.0, 4, 9, 12), True),
        (Movement(0.02, 4, 9, 12), False),
        (Movement(0.0, 14, 28, 31), False),
        (Movement(0.0, 4, 9, 55), False),
    ],
)
def test_what_breath_cannot_do_is_implausible(what: Movement, plausible: bool) -> None:
    assert (what.implausible == "") is plausible


def test_folding_field_is_not_used_and_the_phase_is_flagged(monkeypatch: pytest.MonkeyPatch) -> None:
    """However a field came about: what is kept is the rigid result, and a reader is told."""

    def folding(moving: Volume, fixed: Volume, region: object, rigid: Transform, device: object) -> Field:
        geometry = replace(BLOB_GRID)
        ripple = np.zeros((3, *geometry.shape_zyx), np.float32)
        ripple[0] = 6 * np.cos(np.arange(geometry.shape_zyx[2]) * np.pi)
        return Field(ripple, geometry)

    monkeypatch.setattr(deform, "find_field", folding)
    fixed = Volume(blob_scan(), BLOB_GRID)
    done = register_module.register(Volume(blob_scan((0.0, 0.0, 9.0), seed=1), BLOB_GRID), fixed)
    assert done.quality.method == "rigid"
    assert done.transform.field is None
    assert "folds" in done.quality.note
    assert done.quality.refused
    assert done.quality.flag == "loosely aligned"


def test_search_stays_on_the_device_that_its_images_are_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device without data tells any tensor that was made on the CPU by refusing to meet it."""
    monkeypatch.setattr(torch.fx.experimental._config, "meta_nonzero_assume_all_nonzero", True)
    still, moved = torch.empty(2, 20, 40, 40, device="meta")
    here, there = (deform._cells(mind(v, distance=3)) for v in (still, moved))
    weights = torch.empty(here.shape[1:], device="meta")
    assert deform.displacements(here, there, weights).device.type == "meta"


def test_figures_name_the_device_that_the_field_was_searched_on() -> None:
    assert arterial_on_venous().quality.device == deform.device().type
    fixed = Volume(blob_scan(), BLOB_GRID)
    assert register_module.register(fixed, fixed, mode="rigid").quality.device == ""


@pytest.mark.parametrize(
    ("similarity", "refused", "flag"),
    [
        (0.9, False, ""),
        (0.3, False, "loosely aligned"),
        (0.9, True, "loosely aligned"),
        (0.0, False, "not aligned"),
    ],
)
def test_flag_says_what_a_reader_should_know(similarity: float, refused: bool, flag: str) -> None:
    assert flag_of(similarity=similarity, refused=refused) == flag
