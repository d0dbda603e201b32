"""The faults that users of other importers report most, each as docs/reference/dicom.md says it is met."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pydicom
import pytest

from detector.ingest.discover import discover
from detector.ingest.found import FoundSeries
from tests.detector.ingest.builders import voxels, write_enhanced, write_series, write_slice

HU = voxels()
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "dicom.md"


def only_series(folder: Path) -> FoundSeries:
    (study,) = discover(folder).studies
    (series,) = study.acquisitions
    return series


def test_1_missing_slices_are_refused_with_their_place_not_closed_up(tmp_path: Path) -> None:
    write_series(tmp_path, voxels(10), skip=(4,))
    (refusal,) = discover(tmp_path).refused
    assert refusal.code == "missing_slices"
    assert "1 slices are missing, the first after slice 4 of 9" in refusal.message


def test_2_gantry_tilt_does_not_shear_the_patient(tmp_path: Path) -> None:
    """A rod along z stays upright, where stacking the slices as they are would lean it over."""
    cosine, sine = np.cos(np.radians(15)), np.sin(np.radians(15))
    for k in range(20):
        plane = np.full((40, 12), 0)
        plane[0, 0] = 500  # two values alone would be a mask
        # Row j lies at y = -20 + j cos, z = 4k + j sin: the rod is at y = 0, on the row j = 20 / cos.
        j = round(20 / cosine)
        plane[j - 1 : j + 2] = 1000
        write_slice(
            tmp_path / str(k),
            plane,
            (0, -20, 4.0 * k),
            spacing=(1, 1),
            orientation=(1, 0, 0, 0, cosine, sine),
        )
    series = only_series(tmp_path)
    volume = series.read()
    assert series.note.startswith("gantry tilt of 15.0 degrees")
    # Every upright slice that the rod passes shows it at y = 0.
    bright = [np.flatnonzero(plane[:, 6] > 600) for plane in volume.array_zyx]
    rows = [b.mean() for b in bright if len(b)]
    assert len(rows) >= 18
    places = np.array(rows) + volume.geometry.origin_xyz_mm[1]
    assert np.abs(places).max() < 0.6


def test_3_phases_that_share_a_series_come_out_as_phases(tmp_path: Path) -> None:
    scans = [voxels(seed=i) for i in range(3)]
    for number, hu in enumerate(scans, start=1):
        write_series(tmp_path, hu, name=f"a{number}", AcquisitionNumber=number)
    (study,) = discover(tmp_path).studies
    assert all((s.read().array_zyx == hu).all() for s, hu in zip(study.acquisitions, scans, strict=True))


def test_4_files_that_are_there_twice_count_once(tmp_path: Path) -> None:
    for path in write_series(tmp_path / "a", HU):
        (tmp_path / "a" / f"{path.name} (1)").write_bytes(path.read_bytes())
    series = only_series(tmp_path)
    assert series.n_slices == 8
    assert (series.read().array_zyx == HU).all()


def test_5_a_scout_among_axial_slices_does_not_turn_the_volume(tmp_path: Path) -> None:
    write_slice(tmp_path / "0", HU[0], (0, 0, 0), orientation=(1, 0, 0, 0, 0, -1), InstanceNumber=0)
    write_series(tmp_path, HU)
    assert (only_series(tmp_path).read().array_zyx == HU).all()


def test_6_files_without_preamble_or_suffix_are_found(tmp_path: Path) -> None:
    for path in write_series(tmp_path, HU):
        data = path.read_bytes()
        path.write_bytes(data[144 + int.from_bytes(data[140:144], "little") :])
    assert (only_series(tmp_path).read().array_zyx == HU).all()


def test_7_order_and_distance_come_from_places_whatever_numbers_and_thickness_say(tmp_path: Path) -> None:
    for k in range(8):
        write_slice(
            tmp_path / f"{k}", HU[k], (0, 0, 3.0 * k), InstanceNumber=99 - k, SliceThickness=5.0,
            SpacingBetweenSlices=1.25, SliceLocation=-4.0 * k,
        )  # fmt: skip
    volume = only_series(tmp_path).read()
    assert (volume.array_zyx == HU).all()
    assert volume.geometry.spacing_xyz_mm[2] == pytest.approx(3.0)


def test_8_frames_of_enhanced_ct_take_place_and_rescale_from_their_own_groups(tmp_path: Path) -> None:
    write_enhanced(tmp_path / "one", HU, order=(7, 2, 5, 0, 3, 6, 1, 4))
    assert (only_series(tmp_path).read().array_zyx == HU).all()


def test_9_padding_is_air_whether_it_is_written_signed_or_not(tmp_path: Path) -> None:
    for path in write_series(tmp_path, HU, intercept=1000.0):
        data = pydicom.dcmread(path)
        stored = np.frombuffer(data.PixelData, np.int16).copy()
        stored[:3] = -2000
        data.PixelData = stored.tobytes()
        data.add_new("PixelPaddingValue", "US", 63536)
        data.save_as(path)
    assert (only_series(tmp_path).read().array_zyx[:, 0, :3] == -1024).all()


def test_the_page_lists_exactly_these_faults() -> None:
    listed = re.findall(r"^\| (\d+) \|", PAGE.read_text(), flags=re.MULTILINE)
    tested = sorted(int(n.split("_")[1]) for n in globals() if re.match(r"test_\d+_", n))
    assert [int(n) for n in listed] == tested
