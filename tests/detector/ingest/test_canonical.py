"""Canonical volumes against ITK itself: no voxel may change its value or its place in the patient."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import ReadError
from detector.ingest.canonical import hashed_uid, to_hu, to_lps
from detector.ingest.nifti import read_file, read_geometry
from tests.detector.ingest.builders import voxels, write_volume_file

# Every way to lay three array axes along the patient's: 6 permutations times 8 flips.
DIRECTIONS = [
    np.eye(3)[:, list(p)] * np.array(s)
    for p in itertools.permutations(range(3))
    for s in itertools.product((1.0, -1.0), repeat=3)
]


@given(
    st.sampled_from(DIRECTIONS),
    st.tuples(*[st.floats(0.3, 9)] * 3),
    st.tuples(*[st.floats(-300, 300)] * 3),
)
@settings(max_examples=100, deadline=None)
def test_every_voxel_keeps_its_value_and_its_place(
    direction: np.ndarray, spacing: tuple[float, ...], origin: tuple[float, ...]
) -> None:
    array = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection([float(d) for d in direction.ravel()])
    volume = to_lps(
        array, direction=direction, origin_xyz_mm=np.array(origin), spacing_ijk_mm=np.array(spacing)
    )
    for k, j, i in [(0, 0, 0), (2, 3, 4), (1, 0, 3), (2, 1, 0)]:
        point = image.TransformIndexToPhysicalPoint((i, j, k))
        z, y, x = (round(c) for c in volume.geometry.index_from_point(point))
        assert volume.geometry.point_from_index((z, y, x)) == pytest.approx(point, abs=1e-6)
        assert volume.array_zyx[z, y, x] == array[k, j, i]


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".mha", ".nrrd"])
def test_flipped_anisotropic_file_lies_where_itk_says(tmp_path: Path, suffix: str) -> None:
    hu = voxels()
    direction = (-1, 0, 0, 0, -1, 0, 0, 0, 1)
    path = write_volume_file(tmp_path / f"arterial{suffix}", hu, (0.7, 0.9, 4.0), (31, -17, 250), direction)
    image, volume = sitk.ReadImage(str(path)), read_file(path)
    for index in [(0, 0, 0), (9, 11, 7), (2, 7, 5)]:
        place = volume.geometry.index_from_point(image.TransformIndexToPhysicalPoint(index))
        z, y, x = (round(c) for c in place)
        assert place == pytest.approx((z, y, x), abs=1e-4)
        assert volume.array_zyx[z, y, x] == image[index]
    assert volume.array_zyx.dtype == np.int16
    header = read_geometry(path)
    assert header.shape_zyx == volume.geometry.shape_zyx
    assert header.origin_xyz_mm == pytest.approx(volume.geometry.origin_xyz_mm)


def test_axis_six_degrees_off_is_refused_as_oblique() -> None:
    turn = np.radians(6)
    direction = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    with pytest.raises(ReadError) as caught:
        to_lps(voxels(), direction=direction, origin_xyz_mm=np.zeros(3), spacing_ijk_mm=np.ones(3))
    assert caught.value.code == "oblique"


def test_padding_below_air_becomes_air_and_fractions_are_rounded() -> None:
    hu = to_hu(np.array([[[-3024.0, -1024.4, 40.6, 1300.0]]]))
    assert hu.dtype == np.int16
    assert hu.ravel().tolist() == [-1024, -1024, 41, 1300]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([0.0, 50.0, np.nan, 900.0], "not_finite"),
        ([0.0, 50.0, np.inf, 900.0], "not_finite"),
        ([0.0, 255.0, 0.0, 255.0], "mask"),
        ([7.0, 7.0, 7.0, 7.0], "mask"),
        ([0.0, 0.2, 0.7, 1.0], "not_hounsfield"),
    ],
)
def test_voxels_that_are_no_ct_are_refused(values: list[float], code: str) -> None:
    with pytest.raises(ReadError) as caught:
        to_hu(np.array([[values]]))
    assert caught.value.code == code
    assert caught.value.remedy


def test_frame_of_reference_is_hashed_to_a_valid_uid() -> None:
    assert hashed_uid("1.2.840.1") == hashed_uid("1.2.840.1")
    assert hashed_uid("1.2.840.1") != hashed_uid("1.2.840.2")
    assert hashed_uid("1.2.840.1").startswith("2.25.")
    assert len(hashed_uid("1.2.840.1")) <= 64
    assert hashed_uid("") == ""
