"""NIfTI, MHA and NRRD: bad files are refused by name, never read half."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from detector.errors import ReadError
from detector.ingest.nifti import file_digest, read_file, read_geometry, read_mask_file
from tests.detector.ingest.builders import voxels, write_volume_file


def code_of(path: Path) -> str:
    with pytest.raises(ReadError) as caught:
        read_file(path)
    assert caught.value.message
    assert str(path.parent) not in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_volume_with_nan_or_infinite_voxels_is_refused(tmp_path: Path, value: float) -> None:
    hu = voxels().astype(np.float32)
    hu[3, 4, 5] = value
    assert code_of(write_volume_file(tmp_path / "arterial.nii.gz", hu)) == "not_finite"


@pytest.mark.parametrize(
    ("spacing", "code"),
    [((0.1, 0.8, 3.0), "spacing"), ((0.8, 3.5, 3.0), "spacing"), ((0.8, 0.8, 25.0), "spacing")],
)
def test_absurd_spacing_is_refused(tmp_path: Path, spacing: tuple[float, float, float], code: str) -> None:
    assert code_of(write_volume_file(tmp_path / "a.nii.gz", voxels(), spacing)) == code


def test_few_slices_four_dimensions_masks_and_windowed_values_are_refused(tmp_path: Path) -> None:
    assert code_of(write_volume_file(tmp_path / "a.nii.gz", voxels(4))) == "too_few_slices"
    mask = (voxels() > 0).astype(np.uint8)
    assert code_of(write_volume_file(tmp_path / "b.nii.gz", mask)) == "mask"
    scaled = (voxels() / 900).astype(np.float32)
    assert code_of(write_volume_file(tmp_path / "c.nii.gz", scaled)) == "not_hounsfield"
    series = sitk.JoinSeries([sitk.GetImageFromArray(voxels())] * 2)
    sitk.WriteImage(series, str(tmp_path / "d.nii.gz"))
    assert code_of(tmp_path / "d.nii.gz") == "not_3d"


def test_oblique_file_is_refused(tmp_path: Path) -> None:
    c, s = np.cos(0.2), np.sin(0.2)
    direction = (1, 0, 0, 0, c, -s, 0, s, c)
    assert code_of(write_volume_file(tmp_path / "a.nii.gz", voxels(), direction=direction)) == "oblique"


def test_nifti_that_does_not_say_how_it_lies_is_refused(tmp_path: Path) -> None:
    path = write_volume_file(tmp_path / "a.nii", voxels())
    data = bytearray(path.read_bytes())
    data[252:256] = bytes(4)  # qform_code and sform_code
    path.write_bytes(bytes(data))
    assert code_of(path) == "no_orientation"


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".mha", ".nrrd"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.95])
def test_cut_file_is_refused(tmp_path: Path, suffix: str, kept: float) -> None:
    path = write_volume_file(tmp_path / f"a{suffix}", voxels())
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    assert code_of(path) in ("truncated", "damaged")


def test_file_that_is_no_volume_is_damaged(tmp_path: Path) -> None:
    for suffix in (".nii", ".nii.gz", ".mha", ".nrrd"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(b"not a volume at all" * 50)
        assert code_of(path) == "damaged"


def test_packing_again_does_not_change_the_content_hash(tmp_path: Path) -> None:
    plain = write_volume_file(tmp_path / "a.nii", voxels())
    for level in (1, 9):
        packed = tmp_path / f"{level}.nii.gz"
        packed.write_bytes(gzip.compress(plain.read_bytes(), level))
        assert file_digest(packed) == file_digest(plain)
    assert file_digest(write_volume_file(tmp_path / "b.nii", voxels(seed=1))) != file_digest(plain)


def test_mask_file_becomes_zero_and_one_on_its_grid(tmp_path: Path) -> None:
    labels = np.where(voxels() > 0, 7, 0).astype(np.int16)
    path = write_volume_file(tmp_path / "liver.nii.gz", labels)
    mask = read_mask_file(path)
    assert mask.array_zyx.dtype == np.uint8
    assert (mask.array_zyx == (labels > 0)).all()
    assert mask.geometry == read_geometry(path)
