"""DICOM segmentations land on the voxels they were drawn on, however their frames are written."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.errors import ReadError
from detector.geometry import VolumeGeometry
from detector.ingest.dicom_seg import read_segmentation, segments_on_grid
from tests.detector.ingest.builders import voxels, write_slice
from tests.detector.ingest.segments import write_segmentation

GRID = VolumeGeometry((7, 16, 24), (0.7, 0.8, 2.5), (-20.0, -30.0, 100.0))
IDS = {"study": "1.2.3", "series": "1.2.3.1"}


def mask(seed: int = 0) -> np.ndarray:
    drawn = np.zeros(GRID.shape_zyx, np.uint8)
    drawn[2:5] = np.random.default_rng(seed).integers(0, 2, (3, 16, 24))
    return drawn


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["BINARY", "FRACTIONAL", "LABELMAP"]),
    x=st.sampled_from([1, -1]),
    y=st.sampled_from([1, -1]),
    seed=st.integers(0, 99),
)
def test_segments_come_back_voxel_for_voxel(tmp_path: Path, kind: str, x: int, y: int, seed: int) -> None:
    liver, mass = mask(seed), mask(seed + 1)
    path = write_segmentation(
        tmp_path / "1-1.dcm", {"Liver": liver, "Mass": mass}, GRID, **IDS, kind=kind,
        orientation=(x, 0, 0, 0, y, 0),
    )  # fmt: skip
    found = read_segmentation(path)
    assert found is not None
    assert (found.study_uid, found.series_uid) == ("1.2.3", "1.2.3.1")
    assert found.segments == {1: "Liver", 2: "Mass"}
    assert np.array_equal(segments_on_grid(path, (2,), GRID).array_zyx, mass)
    assert np.array_equal(segments_on_grid(path, (1, 2), GRID).array_zyx, liver | mass)
    assert not segments_on_grid(path, (9,), GRID).array_zyx.any()


def test_segmentation_on_finer_pixels_and_a_smaller_field_keeps_its_place(tmp_path: Path) -> None:
    fine = VolumeGeometry((7, 20, 20), (0.35, 0.4, 2.5), (-17.0, -26.0, 100.0))
    drawn = np.zeros(fine.shape_zyx, np.uint8)
    drawn[3, 4:12, 2:14] = 1
    path = write_segmentation(tmp_path / "1-1.dcm", {"Mass": drawn}, fine, **IDS)
    read = segments_on_grid(path, (1,), GRID).array_zyx
    assert set(np.flatnonzero(read.any(axis=(1, 2)))) == {3}
    assert read.sum() * 0.7 * 0.8 == pytest.approx(drawn.sum() * 0.35 * 0.4, rel=0.2)
    rows, columns = np.nonzero(read[3])
    assert -30 + 0.8 * rows.mean() == pytest.approx(-26 + 0.4 * 7.5, abs=0.4)
    assert -20 + 0.7 * columns.mean() == pytest.approx(-17 + 0.35 * 7.5, abs=0.35)


@pytest.mark.parametrize("shift", [(0.0, 0.0, 1.2), (0.0, 0.0, 50.0)])
def test_frames_between_or_beyond_the_slices_are_of_another_series(
    tmp_path: Path, shift: tuple[float, float, float]
) -> None:
    path = write_segmentation(tmp_path / "1-1.dcm", {"Mass": mask()}, GRID, **IDS, shift_mm=shift)
    with pytest.raises(ReadError) as caught:
        segments_on_grid(path, (1,), GRID)
    assert caught.value.code == "other_grid"


def test_frames_of_thicker_slices_are_refused_instead_of_leaving_holes(tmp_path: Path) -> None:
    thick = VolumeGeometry((7, 16, 24), (0.7, 0.8, 5.0), (-20.0, -30.0, 100.0))
    path = write_segmentation(tmp_path / "1-1.dcm", {"Mass": mask()[:7]}, thick, **IDS)
    with pytest.raises(ReadError) as caught:
        segments_on_grid(path, (1,), VolumeGeometry((14, 16, 24), (0.7, 0.8, 2.5), (-20.0, -30.0, 100.0)))
    assert caught.value.code == "other_grid"


def test_other_objects_are_no_segmentation(tmp_path: Path) -> None:
    assert read_segmentation(write_slice(tmp_path / "ct", voxels()[0], (0, 0, 0))) is None


def test_damaged_objects_are_refused_by_name_and_never_raise_anything_else(tmp_path: Path) -> None:
    whole = write_segmentation(tmp_path / "1-1.dcm", {"Mass": mask()}, GRID, **IDS).read_bytes()
    chance = random.Random(3)
    for number in range(80):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 20)):
            data[chance.randrange(300, len(data) - 200)] = chance.randrange(256)
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(data[: chance.randrange(200, len(data))] if number % 3 == 0 else data)
        with suppress(ReadError):
            found = read_segmentation(path)
            if found:
                segments_on_grid(path, tuple(found.segments), GRID)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "number", "reference"),
    [
        ("liver.dcm", 1, "liver_seg.nrrd"),
        ("partial_overlaps.dcm", 2, "partial_overlaps-2.nrrd"),
        ("partial_overlaps.dcm", 5, "partial_overlaps-1.nrrd"),
    ],
)
def test_dcmqi_objects_hold_what_dcmqi_itself_reads(
    real_data: Path, name: str, number: int, reference: str
) -> None:
    folder = real_data / "dicom_oddities" / "dcmqi" / "data" / "segmentations"
    image = sitk.ReadImage(str(folder / reference))
    header = sitk.ReadImage(str(folder / "liver_seg.nrrd"))
    grid = VolumeGeometry(header.GetSize()[::-1], header.GetSpacing(), header.GetOrigin())
    expected = sitk.GetArrayFromImage(
        sitk.Resample(image, header, sitk.Transform(), sitk.sitkNearestNeighbor)
    )
    found = segments_on_grid(folder / name, (number,), grid).array_zyx
    assert found.any()
    assert np.array_equal(found > 0, expected == number)
