"""Archives: folders pass, honest archives unpack and are removed again, attacks are refused by name."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from detector.errors import ArchiveError
from detector.ingest.archive import Limits, open_root

NOISE = os.urandom(5000)


def refused(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(ArchiveError) as caught, open_root(path, limits=limits):
        pass
    assert caught.value.message
    assert str(path) not in str(caught.value)
    return caught.value.code


def make_zip(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data) if data else None)
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def test_folder_passes_through(tmp_path: Path) -> None:
    with open_root(tmp_path) as root:
        assert root == tmp_path
    assert tmp_path.is_dir()


@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz", "tar.xz", "tar.bz2"])
def test_archive_is_unpacked_for_the_block_and_removed_after_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scans.{suffix}"
    if suffix == "zip":
        make_zip(path, {"a/b/one": NOISE, "two": b"2"})
    else:
        mode = "w" if suffix == "tar" else f"w:{suffix[4:]}"
        make_tar(path, [(member("a/b/one"), NOISE), (member("two"), b"2")], mode)
    with open_root(path) as root:
        assert (root / "a/b/one").read_bytes() == NOISE
        assert (root / "two").read_bytes() == b"2"
    assert not root.exists()


def test_unpacked_files_are_removed_when_the_block_fails(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"one": b"1"})
    with pytest.raises(KeyError), open_root(path) as root:
        raise KeyError
    assert not root.exists()


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "..\\evil", "C:/evil", "C:\\evil"])
def test_entry_that_points_outside_is_refused_and_nothing_written(tmp_path: Path, name: str) -> None:
    assert refused(make_zip(tmp_path / "a.zip", {name: b"x"})) == "unsafe_entry"
    assert refused(make_tar(tmp_path / "a.tar", [(member(name), b"x")])) == "unsafe_entry"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar", "a.zip"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    assert refused(make_tar(tmp_path / "a.tar", [(member("x", kind, "/etc/passwd"), b"")])) == "unsafe_entry"


def test_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("x")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert refused(tmp_path / "a.zip") == "unsafe_entry"


def test_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"x": NOISE})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the local header and in the directory
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    assert refused(path) == "encrypted"


@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz", "tar.xz", "tar.bz2"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_truncated_archive_is_damaged(tmp_path: Path, suffix: str, kept: float) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "zip":
        make_zip(path, {"x": NOISE, "y": NOISE})
    else:
        make_tar(
            path, [(member("x"), NOISE), (member("y"), NOISE)], "w" if suffix == "tar" else f"w:{suffix[4:]}"
        )
        if suffix == "tar":  # the padding at its end is no loss
            path.write_bytes(path.read_bytes()[:12000])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    assert refused(path) == "damaged"


def test_zip_with_flipped_bytes_is_damaged(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"x": b"abc" * 900})
    data = bytearray(path.read_bytes())
    data[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(data))
    assert refused(path) == "damaged"


@pytest.mark.parametrize("data", [b"", b"hello", NOISE, b"7z\xbc\xaf\x27\x1c0000", b"Rar!\x1a\x07\x01\x00"])
def test_what_is_no_zip_or_tar_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "scan.bin"
    path.write_bytes(data)
    assert refused(path) == "not_an_archive"
    assert refused(tmp_path / "nothing") == "not_found"


def test_bombs_are_stopped_by_ratio_size_and_count(tmp_path: Path) -> None:
    zeros = bytes(3_000_000)
    bomb = make_zip(tmp_path / "a.zip", {"x": zeros})
    tar = make_tar(tmp_path / "a.tar.xz", [(member("x"), zeros)], "w:xz")
    for path in (bomb, tar):
        assert refused(path, Limits(ratio=50, ratio_from_bytes=1_000_000)) == "too_large"
        assert refused(path, Limits(file_bytes=1_000_000)) == "too_large"
        assert refused(path, Limits(total_bytes=1_000_000)) == "too_large"
        with open_root(path) as root:  # small enough to be an honest mask
            assert (root / "x").stat().st_size == len(zeros)
    many = make_zip(tmp_path / "many.zip", {str(i): b"" for i in range(50)})
    assert refused(many, Limits(files=49)) == "too_large"


def test_size_that_an_entry_lies_about_is_counted_not_believed(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"x": bytes(200_000)})
    data = bytearray(path.read_bytes())
    for start, offset in ((0, 22), (data.rindex(b"PK\x01\x02"), 24)):
        data[start + offset : start + offset + 4] = struct.pack("<I", 10)
    path.write_bytes(bytes(data))
    assert refused(path) in ("too_large", "damaged")


def test_archive_larger_than_the_disk_is_refused_before_it_is_written(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"x": NOISE})
    assert refused(path, Limits(free_bytes=1 << 62)) == "disk_full"


def test_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", [(member("x"), b"1"), (member("x"), b"2")])
    assert refused(path) == "unsafe_entry"
