"""Spoiled and hostile scans: whatever is done to the bytes, only a DetectorError comes out, and soon.

`make soak` does the same for half an hour (tests/soak/test_fuzz_dicom.py).
"""

from __future__ import annotations

import os
import zlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian

from detector.errors import ReadError
from detector.ingest import dicom_file
from detector.ingest.discover import discover
from tests.detector.ingest.builders import voxels, write_series
from tests.detector.ingest.fuzzing import corpora, try_case


@cache
def corpus() -> list[list[bytes]]:
    with TemporaryDirectory() as folder:
        return corpora(Path(folder))


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32 - 1))
def test_spoiled_scans_raise_nothing_but_detector_errors(seed: int) -> None:
    try_case(seed, corpus())


def test_unspoiled_scans_of_the_corpus_are_all_read(tmp_path: Path) -> None:
    for number, files in enumerate(corpus()):
        folder = tmp_path / str(number)
        folder.mkdir()
        for i, data in enumerate(files):
            (folder / str(i)).write_bytes(data)
        (series,) = discover(folder).studies[0].acquisitions
        assert (series.read().array_zyx == voxels(6, 34, 32)).all()


def test_a_deflated_bomb_is_refused_before_it_unfolds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dicom_file, "_MAX_INFLATED_BYTES", 8 << 20)
    (path, *_) = write_series(tmp_path / "a", voxels())
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data.save_as(path)
    held = path.read_bytes()
    start = 144 + int.from_bytes(held[140:144], "little")
    inside = zlib.decompressobj(-zlib.MAX_WBITS).decompress(held[start:])
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    path.write_bytes(held[:start] + packer.compress(inside + bytes(64 << 20)) + packer.flush())
    with pytest.raises(ReadError) as caught:
        dicom_file.read_dataset(path)
    assert caught.value.code == "too_large"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_among_the_files_is_not_waited_for(tmp_path: Path) -> None:
    write_series(tmp_path, voxels())
    os.mkfifo(tmp_path / "pipe")
    assert len(discover(tmp_path).studies) == 1
