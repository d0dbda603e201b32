"""Enhanced CT: the frames of one file are slices like any others, each where its functional groups say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEG2000Lossless, RLELossless

from detector.errors import ReadError
from detector.ingest.discover import discover
from tests.detector.ingest.builders import voxels, write_enhanced, write_series


def test_frames_lie_where_their_groups_say_with_a_rescale_each_in_whatever_order(tmp_path: Path) -> None:
    hu = voxels()
    write_enhanced(tmp_path / "one", hu, order=(3, 0, 7, 1, 6, 2, 5, 4))
    (series,) = discover(tmp_path).studies[0].acquisitions
    volume = series.read()
    assert (volume.array_zyx == hu).all()
    assert volume.geometry.spacing_xyz_mm == pytest.approx((0.7, 0.8, 3.0))
    assert volume.geometry.origin_xyz_mm == pytest.approx((-20.0, -30.0, 100.0))
    assert (series.n_slices, series.acquired_at) == (8, 30600.5)


def test_temporal_positions_of_one_file_are_phases_in_the_order_of_their_times(tmp_path: Path) -> None:
    scans = [voxels(seed=i) for i in range(3)]
    places = [100 + 3.0 * k for k in range(8)] * 3
    write_enhanced(tmp_path / "one", np.concatenate(scans), places=places, phases=[1] * 8 + [2] * 8 + [3] * 8)
    found = discover(tmp_path).studies[0].acquisitions
    assert [s.acquired_at for s in found] == [30601.5, 30602.5, 30603.5]
    for series, hu in zip(found, scans, strict=True):
        assert (series.read().array_zyx == hu).all()


def test_phases_in_files_of_their_own_under_one_series_are_told_apart(tmp_path: Path) -> None:
    scans = [voxels(seed=i) for i in range(2)]
    for number, hu in enumerate(scans, start=1):
        write_enhanced(tmp_path / str(number), hu, phases=[number] * 8)
    found = discover(tmp_path).studies[0].acquisitions
    assert all((s.read().array_zyx == hu).all() for s, hu in zip(found, scans, strict=True))


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_frames_are_decoded_one_by_one(tmp_path: Path, syntax: str) -> None:
    hu = voxels(rows=40, columns=36)
    data = pydicom.dcmread(write_enhanced(tmp_path / "one", hu))
    data.compress(syntax)
    data.save_as(tmp_path / "one")
    (series,) = discover(tmp_path).studies[0].acquisitions
    assert (series.read().array_zyx == hu).all()
    assert len(series.sha256) == 64


def test_a_copy_of_an_enhanced_file_adds_nothing(tmp_path: Path) -> None:
    path = write_enhanced(tmp_path / "a" / "one", voxels())
    once = discover(tmp_path).studies[0].acquisitions[0].sha256
    (tmp_path / "a" / "two").write_bytes(path.read_bytes())
    (series,) = discover(tmp_path).studies[0].acquisitions
    assert (series.n_slices, series.sha256) == (8, once)


def test_frames_without_groups_are_refused_by_name(tmp_path: Path) -> None:
    write_enhanced(tmp_path / "fewer", voxels(), NumberOfFrames=9)
    write_series(tmp_path / "classic", voxels(), study="1.2.4", series="1.2.4.1")
    found = discover(tmp_path)
    assert len(found.studies) == 1
    assert [r.code for r in found.refused] == ["no_frames"]
    assert "9 frames and describes 8" in found.refused[0].message


def test_frames_cut_short_are_refused_when_read(tmp_path: Path) -> None:
    data = pydicom.dcmread(write_enhanced(tmp_path / "one", voxels()))
    data.PixelData = data.PixelData[: -2 * 12 * 10]
    data.save_as(tmp_path / "one")
    with pytest.raises(ReadError) as caught:
        discover(tmp_path).studies[0].acquisitions[0].read()
    assert caught.value.code == "truncated"
