"""One series, several acquisitions: each comes out whole, whatever it is that tells them apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from detector.ingest.discover import discover
from detector.ingest.found import FoundSeries
from tests.detector.ingest.builders import voxels, write_series, write_slice

SCANS = [voxels(seed=i) for i in range(3)]


def found_in(folder: Path) -> list[FoundSeries]:
    (study,) = discover(folder).studies
    return study.acquisitions


@pytest.mark.parametrize(
    "tell",
    [
        lambda i: {"AcquisitionNumber": i},
        lambda i: {"TemporalPositionIdentifier": i},
        lambda i: {"AcquisitionTime": f"0830{i:02d}", "StudyTime": "080000"},
        lambda i: {"ConvolutionKernel": f"B{i}0f"},
        lambda i: {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", f"PHASE{i}"]},
        lambda i: {"SliceThickness": float(i)},
        lambda i: {"IrradiationEventUID": f"1.2.{i}"},
        lambda i: {"PixelSpacing": [0.7 + i / 10, 0.7 + i / 10]},
    ],
    ids=["acquisition", "temporal", "time", "kernel", "type", "thickness", "event", "spacing"],
)
def test_three_acquisitions_on_top_of_each_other_are_three_whatever_tells_them_apart(
    tmp_path: Path, tell: object
) -> None:
    # Instance numbers are the same in each, so that their order tells nothing.
    for i, hu in enumerate(SCANS, start=1):
        write_series(tmp_path, hu, name=f"a{i}", **tell(i))  # type: ignore[operator]
    found = found_in(tmp_path)
    read = sorted(s.read().array_zyx.tobytes() for s in found)
    assert read == sorted(hu.tobytes() for hu in SCANS)


@pytest.mark.parametrize("apart_mm", [0.7, 1.0])  # 1.0 makes an even stack of all three
def test_phases_that_lie_between_each_other_are_told_apart_by_acquisition(
    tmp_path: Path, apart_mm: float
) -> None:
    for i, hu in enumerate(SCANS, start=1):
        write_series(tmp_path, hu, name=f"a{i}", z0=100 + apart_mm * i, AcquisitionNumber=i)
    assert all((s.read().array_zyx == hu).all() for s, hu in zip(found_in(tmp_path), SCANS, strict=True))
    assert [s.spacing[2] for s in found_in(tmp_path)] == pytest.approx([3.0, 3.0, 3.0])


def test_two_reconstructions_end_to_end_in_one_series_are_two(tmp_path: Path) -> None:
    write_series(tmp_path, SCANS[0], name="lung", ConvolutionKernel="LUNG")
    write_series(tmp_path, SCANS[1], name="soft", z0=124.0, first_instance=9, ConvolutionKernel="STANDARD")
    assert [s.n_slices for s in found_in(tmp_path)] == [8, 8]


def test_a_header_that_rounds_differently_from_slice_to_slice_stays_one_volume(tmp_path: Path) -> None:
    for k, plane in enumerate(SCANS[0]):
        noise = 1e-4 * (-1) ** k
        write_slice(
            tmp_path / str(k), plane, (0, 0, 3.0 * k),
            orientation=(1, noise, 0, -noise, 1, 0), spacing=(0.8 + noise / 10, 0.7),
        )  # fmt: skip
    assert [s.n_slices for s in found_in(tmp_path)] == [8]


def test_a_scout_without_the_word_in_an_axial_series_is_set_aside(tmp_path: Path) -> None:
    write_series(tmp_path, SCANS[0])
    write_slice(tmp_path / "scout", SCANS[1][0], (0, 0, 0), orientation=(1, 0, 0, 0, 0, -1), InstanceNumber=0)
    found = discover(tmp_path)
    assert [(s.key, s.n_slices) for s in found.studies[0].acquisitions] == [("4", 8)]
    assert [(r.code, r.routine) for r in found.refused] == [("stray_slices", True)]


def test_coronal_reformats_beside_their_axial_scan_are_set_aside_by_name(tmp_path: Path) -> None:
    write_series(tmp_path / "axial", SCANS[0])
    for k, plane in enumerate(SCANS[1]):
        write_slice(
            tmp_path / "coronal" / str(k), plane, (0, 3.0 * k, 0), orientation=(1, 0, 0, 0, 0, -1),
            series="1.2.3.2", SeriesNumber=5,
        )  # fmt: skip
    found = discover(tmp_path)
    assert [s.key for s in found.studies[0].acquisitions] == ["4"]
    assert [(r.code, r.routine) for r in found.refused] == [("reformat", True)]
    assert "Series 5" in found.refused[0].message


def test_a_second_copy_of_a_study_in_another_folder_adds_nothing(tmp_path: Path) -> None:
    write_series(tmp_path / "a", SCANS[0])
    (once,) = discover(tmp_path).studies
    shutil.copytree(tmp_path / "a", tmp_path / "b" / "again")
    (twice,) = discover(tmp_path).studies
    assert (twice.key, twice.relative_path) == (once.key, "a")
    assert [(s.n_slices, s.sha256) for s in twice.acquisitions] == [(8, once.acquisitions[0].sha256)]


def test_a_copy_of_a_series_under_new_uids_adds_nothing(tmp_path: Path) -> None:
    write_series(tmp_path / "a", SCANS[0])
    write_series(tmp_path / "b", SCANS[0], series="1.2.3.9", SeriesNumber=9)
    found = discover(tmp_path)
    assert [s.key for s in found.studies[0].acquisitions] == ["4"]
    assert [(r.code, r.routine) for r in found.refused] == [("copy", True)]


def test_a_scan_planned_with_two_distances_is_brought_to_the_finer_and_says_so(tmp_path: Path) -> None:
    places = [*(100 + 2.0 * np.arange(12)), *(126 + 4.0 * np.arange(12))]
    hu = np.full((24, 12, 10), 10.0) * np.array(places)[:, None, None] - 1000
    hu[:, 0, 0] = 5
    for k, z in enumerate(places):
        write_slice(tmp_path / str(k), np.rint(hu[k]), (0, 0, float(z)))
    (series,) = found_in(tmp_path)
    volume = series.read()
    assert series.note.startswith("slices of two distances")
    assert series.spacing == pytest.approx((0.7, 0.8, 2.0))
    z = volume.geometry.origin_xyz_mm[2] + 2.0 * np.arange(volume.array_zyx.shape[0])
    assert z[-1] == pytest.approx(170.0)
    assert np.abs(volume.array_zyx[:, 5, 5] - (10 * z - 1000)).max() <= 1


def test_missing_slices_are_never_taken_for_a_plan(tmp_path: Path) -> None:
    write_series(tmp_path, voxels(30), skip=(11, 13, 15, 17))
    (refusal,) = discover(tmp_path).refused
    assert (refusal.code, refusal.routine) == ("missing_slices", False)
    assert "4 slices are missing, the first after slice 11 of 26" in refusal.message


def test_a_slice_beside_the_line_of_the_others_is_refused_with_its_place(tmp_path: Path) -> None:
    write_series(tmp_path, SCANS[0], skip=(5,))
    write_slice(tmp_path / "off", SCANS[0][5], (-14.0, -30.0, 115.0))
    (refusal,) = discover(tmp_path).refused
    assert refusal.code == "shifted_slices"
    assert "Slice 6 of 8 lies 6.0 mm beside" in refusal.message
