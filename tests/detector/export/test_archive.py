from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from detector.export.archive import write_archive


def _fill(folder: Path, names: list[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode() * 1000)
    return folder


def test_the_same_files_give_the_same_bytes(tmp_path: Path):
    names = ["b.csv", "images/a/x.nii.gz", "a.json"]
    one, two = _fill(tmp_path / "one", names), _fill(tmp_path / "two", names[::-1])
    (two / "b.csv").chmod(0o600)
    os.utime(two / "a.json", (1, 1))
    write_archive(one, tmp_path / "one.zip")
    write_archive(two, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_files_come_back_sorted_and_whole(tmp_path: Path):
    names = ["b.csv", "images/a/x.nii.gz", "a.json"]
    write_archive(_fill(tmp_path / "one", names), tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == sorted(names)
        assert archive.testzip() is None
        assert all(archive.read(n) == n.encode() * 1000 for n in names)
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {i.compress_type for i in archive.infolist()} == {zipfile.ZIP_STORED}


def test_a_file_beyond_the_old_limit_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    folder = _fill(tmp_path / "one", ["a.json"])
    write_archive(folder, tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.read("a.json") == (folder / "a.json").read_bytes()
