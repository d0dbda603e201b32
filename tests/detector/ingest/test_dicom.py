"""DICOM series: what is read lies where the header says, and what cannot be read is refused by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from detector.errors import ReadError
from detector.ingest.canonical import hashed_uid
from detector.ingest.discover import discover
from detector.ingest.found import Discovery, Refusal
from tests.detector.ingest.builders import voxels, write_series, write_slice


def only_refusal(found: Discovery) -> Refusal:
    assert not found.studies
    assert len(found.refused) == 1, found.refused
    return found.refused[0]


def test_volume_lies_where_itk_reads_the_same_series(tmp_path: Path) -> None:
    hu = voxels()
    flipped = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
    paths = [
        write_slice(tmp_path / f"{k}.dcm", hu[k], (50.0, 60.0, 10 + 2.5 * k), orientation=flipped)
        for k in range(8)
    ]
    image = sitk.ReadImage([str(p) for p in paths])
    series = discover(tmp_path).studies[0].acquisitions[0]
    volume = series.read()
    for index in [(0, 0, 0), (9, 11, 7), (3, 8, 2)]:
        place = volume.geometry.index_from_point(image.TransformIndexToPhysicalPoint(index))
        z, y, x = (round(c) for c in place)
        assert place == pytest.approx((z, y, x), abs=1e-4)
        assert volume.array_zyx[z, y, x] == hu[index[2], index[1], index[0]]
    assert volume.geometry.spacing_xyz_mm == pytest.approx((0.7, 0.8, 2.5))
    assert series.spacing == pytest.approx((0.7, 0.8, 2.5))
    assert series.n_slices == 8


def test_frame_of_reference_is_never_the_original(tmp_path: Path) -> None:
    write_series(tmp_path, voxels())
    volume = discover(tmp_path).studies[0].acquisitions[0].read()
    assert volume.geometry.frame_of_reference_uid == hashed_uid("1.2.3.99")


def test_rescale_is_taken_slice_by_slice(tmp_path: Path) -> None:
    hu = (voxels() // 4) * 4
    for k in range(8):
        slope, intercept = (2.0, -1024.0) if k % 2 else (1.0, 0.0)
        write_slice(tmp_path / str(k), hu[k], (0, 0, 3.0 * k), slope=slope, intercept=intercept)
    assert (discover(tmp_path).studies[0].acquisitions[0].read().array_zyx == hu).all()


@pytest.mark.parametrize("padding", [-2000, 63536])
def test_padding_becomes_air_even_where_it_was_written_unsigned(tmp_path: Path, padding: int) -> None:
    hu = voxels()
    hu[:, 0, 0] = -1000
    for path in write_series(tmp_path, hu, intercept=1000.0):
        data = pydicom.dcmread(path)
        data.add_new("PixelPaddingValue", "US" if padding > 0 else "SS", padding)
        data.save_as(path)
    volume = discover(tmp_path).studies[0].acquisitions[0].read()
    assert (volume.array_zyx[:, 0, 0] == -1024).all()
    assert (volume.array_zyx[:, 1:, 1:] == hu[:, 1:, 1:]).all()


def test_repeated_slices_are_ignored_and_content_hash_stays(tmp_path: Path) -> None:
    hu = voxels()
    paths = write_series(tmp_path / "a", hu)
    once = discover(tmp_path).studies[0].acquisitions[0].sha256
    shutil.copy(paths[3], tmp_path / "a" / "copy.dcm")
    write_slice(tmp_path / "a" / "again", hu[5], (-20.0, -30.0, 115.0), InstanceNumber=77)
    twice = discover(tmp_path).studies[0].acquisitions
    assert [s.n_slices for s in twice] == [8]
    assert twice[0].sha256 == once


def test_content_hash_tells_content_not_names_or_order(tmp_path: Path) -> None:
    hu = voxels()
    for k in range(8):
        for folder, name in (("a", f"{k:02d}"), ("b", f"{9 - k:02d}.dcm")):
            write_slice(tmp_path / folder / name, hu[k], (0, 0, 3.0 * k))
    hu[4, 2, 2] += 1
    write_series(tmp_path / "c", hu)
    first, same, other = (discover(tmp_path / f).studies[0].acquisitions[0].sha256 for f in "abc")
    assert first == same != other


def test_three_phases_in_one_series_come_out_as_three_by_acquisition(tmp_path: Path) -> None:
    scans = [voxels(seed=i) for i in range(3)]
    for number, hu in enumerate(scans, start=1):
        write_series(
            tmp_path, hu, name=f"a{number}", AcquisitionNumber=number, first_instance=1 + 8 * (number - 1)
        )
    (study,) = discover(tmp_path).studies
    assert [s.key for s in study.acquisitions] == ["4.1", "4.2", "4.3"]
    for series, hu in zip(study.acquisitions, scans, strict=True):
        assert (series.read().array_zyx == hu).all()


def test_three_phases_without_acquisition_numbers_are_told_by_where_the_order_restarts(
    tmp_path: Path,
) -> None:
    scans = [voxels(n, seed=n) for n in (6, 8, 7)]
    start = 1
    for number, hu in enumerate(scans):
        write_series(tmp_path, hu, name=f"a{number}", first_instance=start)
        start += len(hu)
    (study,) = discover(tmp_path).studies
    assert [s.n_slices for s in study.acquisitions] == [6, 8, 7]
    for series, hu in zip(study.acquisitions, scans, strict=True):
        assert (series.read().array_zyx == hu).all()


def test_phases_interleaved_slice_by_slice_are_told_by_rank(tmp_path: Path) -> None:
    scans = [voxels(seed=i) for i in range(2)]
    for k in range(8):
        for number, hu in enumerate(scans):
            write_slice(tmp_path / f"{k}{number}", hu[k], (0, 0, 3.0 * k), InstanceNumber=2 * k + number)
    (study,) = discover(tmp_path).studies
    for series, hu in zip(study.acquisitions, scans, strict=True):
        assert (series.read().array_zyx == hu).all()


def test_one_acquisition_number_for_each_slice_stays_one_volume(tmp_path: Path) -> None:
    hu = voxels()
    for k in range(8):
        write_slice(tmp_path / str(k), hu[k], (0, 0, 3.0 * k), AcquisitionNumber=k)
    assert [s.n_slices for s in discover(tmp_path).studies[0].acquisitions] == [8]


@pytest.mark.parametrize("n", [8, 20])
def test_overlap_that_nothing_tells_apart_is_refused(tmp_path: Path, n: int) -> None:
    write_series(tmp_path, voxels(n, seed=1), AcquisitionNumber=1)
    where = (-20.0, -30.0, 100 + 3.0 * (n // 2))
    write_slice(tmp_path / "odd", voxels(seed=2)[2], where, AcquisitionNumber=1, InstanceNumber=n // 2)
    assert only_refusal(discover(tmp_path)).code == "duplicate_positions"


def _tilted(folder: Path) -> None:
    for k in range(8):
        write_slice(
            folder / str(k), voxels()[k], (0, 0, 3.0 * k), orientation=(1, 0, 0, 0, 0.819152, -0.573576)
        )


def _oblique(folder: Path) -> None:
    normal = np.cross((1, 0, 0), (0, 0.819152, -0.573576))
    for k in range(8):
        where = tuple(float(v) for v in normal * 3 * k)
        write_slice(folder / str(k), voxels()[k], where, orientation=(1, 0, 0, 0, 0.819152, -0.573576))  # type: ignore[arg-type]


def _coronal(folder: Path) -> None:
    for k in range(8):
        write_slice(folder / str(k), voxels()[k], (0, 3.0 * k, 0), orientation=(1, 0, 0, 0, 0, -1))


def _uneven(folder: Path) -> None:
    for k, z in enumerate([0, 3, 6, 9, 11.4, 14.4, 17.4, 20.4]):
        write_slice(folder / str(k), voxels()[k], (0, 0, float(z)))


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda d: write_series(d, voxels(), skip=(3, 4)), "missing_slices"),
        (lambda d: write_series(d, voxels(), skip=(6,)), "missing_slices"),
        (_uneven, "nonuniform_slices"),
        (_tilted, "gantry_tilt"),
        (_oblique, "oblique"),
        (_coronal, "not_axial"),
        (lambda d: write_series(d, voxels(4)), "too_few_slices"),
        (lambda d: write_series(d, voxels(1)), "too_few_slices"),
        (lambda d: write_series(d, voxels(), spacing=(0.05, 0.05)), "spacing"),
        (lambda d: write_series(d, voxels(), spacing=(0.8, 12.0)), "spacing"),
        (lambda d: write_series(d, voxels(), dz=45.0), "spacing"),
        (lambda d: write_series(d, voxels(), PixelSpacing=None), "no_geometry"),
        (lambda d: write_series(d, voxels(), ImagePositionPatient=None), "no_geometry"),
        (
            lambda d: write_series(d, voxels(), Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4"),
            "not_ct",
        ),
        (lambda d: write_series(d, voxels(), NumberOfFrames=3), "multiframe"),
    ],
)
def test_series_without_the_shape_of_a_phase_is_refused_by_name(
    tmp_path: Path, make: object, code: str
) -> None:
    make(tmp_path)  # type: ignore[operator]
    refusal = only_refusal(discover(tmp_path))
    assert refusal.code == code
    assert refusal.message
    assert refusal.remedy
    assert not refusal.routine


def test_missing_slices_are_counted_and_placed(tmp_path: Path) -> None:
    write_series(tmp_path, voxels(), skip=(3, 4))
    assert "2 slices are missing, the first after slice 3 of 6" in only_refusal(discover(tmp_path)).message


def _cut_pixels(path: Path) -> None:
    data = pydicom.dcmread(path)
    data.PixelData = data.PixelData[:50]
    data.save_as(path)


def _unknown_syntax(path: Path) -> None:
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.106"
    data.PixelData = pydicom.encaps.encapsulate([b"\x00" * 100])
    data["PixelData"].is_undefined_length = True
    data.save_as(path)


def _no_pixels(path: Path) -> None:
    data = pydicom.dcmread(path)
    del data.PixelData
    data.save_as(path)


def _no_rescale(path: Path) -> None:
    data = pydicom.dcmread(path)
    del data.RescaleIntercept
    data.PixelData = np.abs(np.frombuffer(data.PixelData, np.int16)).tobytes()
    data.save_as(path)


def _cut_file(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize(
    ("spoil", "codes"),
    [
        (_cut_pixels, {"truncated"}),
        (_cut_file, {"truncated", "damaged"}),
        (_unknown_syntax, {"undecodable"}),
        (_no_pixels, {"no_pixels"}),
        (_no_rescale, {"no_rescale"}),
    ],
)
def test_series_with_one_bad_slice_is_refused_when_read(
    tmp_path: Path, spoil: object, codes: set[str]
) -> None:
    spoil(write_series(tmp_path, voxels())[4])  # type: ignore[operator]
    series = discover(tmp_path).studies[0].acquisitions[0]
    with pytest.raises(ReadError) as caught:
        series.read()
    assert caught.value.code in codes
    assert caught.value.message.startswith("Series 4: ")
    assert caught.value.remedy
    assert str(tmp_path) not in str(caught.value)


def test_two_valued_series_is_a_mask_not_a_ct(tmp_path: Path) -> None:
    write_series(tmp_path, np.where(voxels() > 0, 255, 0).astype(np.int16), intercept=0.0)
    with pytest.raises(ReadError) as caught:
        discover(tmp_path).studies[0].acquisitions[0].read()
    assert caught.value.code == "mask"
