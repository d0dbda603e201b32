"""Input grids, sampling and reading of cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.contracts import StudyImages
from detector.data.cases import Case
from detector.data.grid import InputGrid, input_geometry, liver_box, sample
from detector.data.images import load_case
from detector.errors import GeometryError, PhaseError, ReadError
from detector.geometry import VolumeGeometry
from detector.volume import Volume, write_volume

GRID = VolumeGeometry((12, 30, 40), (2.0, 3.0, 5.0), (-10.0, 20.0, 300.0))


def study_of(liver: bool = True) -> StudyImages:
    mask = np.zeros(GRID.shape_zyx, np.uint8)
    mask[4:8, 10:20, 5:25] = 1
    array = np.zeros(GRID.shape_zyx, np.int16)
    return StudyImages({"portal_venous": Volume(array, GRID)}, "portal_venous", mask if liver else None)


def test_the_crop_is_the_liver_with_its_margin_inside_the_volume() -> None:
    box = liver_box(study_of(), 10)
    assert box.lo == pytest.approx((-11, 38.5, 307.5))  # x is cut at the volume's face
    assert box.hi == pytest.approx((49, 88.5, 347.5))


def test_without_a_liver_the_whole_volume_is_seen() -> None:
    assert liver_box(study_of(liver=False), 10) == GRID.extent


def test_resize_stretches_the_crop_to_the_shape() -> None:
    grid = input_geometry(study_of(), InputGrid((8, 20, 30)))
    assert grid.extent.lo == pytest.approx(liver_box(study_of(), 10).lo)
    assert grid.extent.hi == pytest.approx(liver_box(study_of(), 10).hi)


def test_fixed_spacing_pads_and_never_cuts_the_crop() -> None:
    wanted = InputGrid((8, 20, 30), "fixed_spacing_pad", (2.5, 4.0, 1.0))
    grid, box = input_geometry(study_of(), wanted), liver_box(study_of(), 10)
    assert grid.spacing_xyz_mm == pytest.approx((2.5, 4.0, 5.0))  # 40 mm do not fit 8 mm: z is stretched
    assert grid.extent.centre_mm == pytest.approx(box.centre_mm)


@given(
    st.tuples(*(st.floats(-0.05, 0.05),) * 3),
    st.tuples(*(st.integers(4, 30),) * 3),
)
@settings(max_examples=40, deadline=None)
def test_sampling_a_linear_ramp_gives_the_ramp_at_any_resolution(
    slope: tuple[float, float, float], shape: tuple[int, int, int]
) -> None:
    """Interpolation and anti-aliasing both keep what is linear, away from the faces."""
    z, y, x = np.meshgrid(*(np.arange(n) for n in GRID.shape_zyx), indexing="ij")
    px, py, pz = GRID.point_from_index((z, y, x))  # type: ignore[arg-type]
    ramp = slope[0] * px + slope[1] * py + slope[2] * (pz - 300)  # type: ignore[operator]
    volume = Volume(ramp.astype(np.float32), GRID)
    study = StudyImages({"p": volume}, "p", study_of().liver)
    grid = input_geometry(study, InputGrid(shape))
    out = sample(volume, grid, hu_window=(-100, 100))
    at = [grid.point_from_index((i, j, k)) for i, j, k in np.ndindex(shape)]
    expected = np.array([(slope[0] * p[0] + slope[1] * p[1] + slope[2] * (p[2] - 300)) / 100 for p in at])
    clear = [s // 4 for s in shape]
    inner = tuple(slice(c, n - c) for c, n in zip(clear, shape, strict=True))
    far = np.array([p[0] > 10 for p in at]).reshape(shape)  # the crop touches the volume's face in x
    wanted = expected.reshape(shape)
    np.testing.assert_allclose(out[inner][far[inner]], wanted[inner][far[inner]], atol=2e-3)


def test_the_window_is_clipped_and_scaled() -> None:
    array = np.array([-1000, -150, 50, 250, 3000], np.int16).reshape(1, 1, 5)
    grid = VolumeGeometry((1, 1, 5), (1, 1, 1), (0, 0, 0))
    assert sample(Volume(array, grid), grid).ravel().tolist() == pytest.approx([-1, -1, 0, 1, 1])


def test_outside_the_volume_is_air() -> None:
    inner = VolumeGeometry((2, 2, 2), (1, 1, 1), (0, 0, 0))
    outer = VolumeGeometry((4, 4, 4), (1, 1, 1), (-1, -1, -1))
    out = sample(Volume(np.full((2, 2, 2), 250, np.int16), inner), outer)
    assert out[1:3, 1:3, 1:3].tolist() == np.ones((2, 2, 2)).tolist()
    out[1:3, 1:3, 1:3] = -1
    assert (out == -1).all()


def test_not_a_number_becomes_air() -> None:
    grid = VolumeGeometry((1, 1, 2), (1, 1, 1), (0, 0, 0))
    out = sample(Volume(np.array([[[np.nan, 250]]], np.float32), grid), grid)
    assert np.isfinite(out).all()


def case_in(folder: Path, **changes: object) -> Case:
    values: dict[str, object] = {
        "study": "S1",
        "subject": "P1",
        "reference_phase": "portal_venous",
        "images": {"portal_venous": str(folder / "pv.npy")},
    }
    return Case.model_validate({**values, **changes})


def test_a_nifti_volume_is_turned_to_lps(tmp_path: Path) -> None:
    """Stored flipped in x and y, as RAS scanners' files are: the voxel at a point stays at that point."""
    array = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((2.0, 3.0, 5.0))
    image.SetOrigin((60.0, 70.0, 80.0))
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    sitk.WriteImage(image, str(tmp_path / "pv.nii.gz"))
    study = load_case(case_in(tmp_path, images={"portal_venous": str(tmp_path / "pv.nii.gz")}))
    index = study.geometry.index_from_point((60.0, 70.0, 80.0))
    assert index == pytest.approx((0, 2, 3))
    assert study.volumes["portal_venous"].array_zyx[0, 2, 3] == array[0, 0, 0]


def test_an_oblique_volume_is_refused(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(np.zeros((2, 3, 4), np.int16))
    image.SetDirection((0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1))
    sitk.WriteImage(image, str(tmp_path / "pv.nii.gz"))
    with pytest.raises(GeometryError, match=r"Study S1.*oblique"):
        load_case(case_in(tmp_path, images={"portal_venous": str(tmp_path / "pv.nii.gz")}))


def test_a_damaged_or_missing_image_names_the_study_and_no_path(tmp_path: Path) -> None:
    for name in ("pv.npy", "pv.nii.gz"):
        with pytest.raises(ReadError, match="Study S1") as caught:
            load_case(case_in(tmp_path, images={"portal_venous": str(tmp_path / name)}))
        assert str(tmp_path) not in str(caught.value)


def test_a_liver_mask_on_another_grid_and_a_missing_reference_are_refused(tmp_path: Path) -> None:
    write_volume(Volume(np.zeros(GRID.shape_zyx, np.int16), GRID), tmp_path / "pv.npy")
    small = VolumeGeometry((2, 2, 2), (1, 1, 1), (0, 0, 0))
    write_volume(Volume(np.ones((2, 2, 2), np.uint8), small), tmp_path / "liver.npy")
    with pytest.raises(GeometryError, match="liver mask"):
        load_case(case_in(tmp_path, liver=str(tmp_path / "liver.npy")))
    with pytest.raises(PhaseError, match="Study S1"):
        load_case(case_in(tmp_path, reference_phase="arterial"))
