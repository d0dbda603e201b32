"""Archives of scans, unpacked as if a stranger had sent them.

Zip and tar (plain, gz, xz, bz2). Nothing is extracted by the libraries themselves: each entry is checked
and then copied by us, with the bytes counted as they come, so that a false size in a header buys nothing.
"""

from __future__ import annotations

import errno
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from detector.errors import ArchiveError
from detector.ingest.problems import bad_archive

GIB = 1024**3
_CHUNK = 1024 * 1024
_FOREIGN = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR"}
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may become. The ratio counts only once `ratio_from_bytes` are unpacked: a mask of
    zeros packs a thousandfold and is no attack."""

    total_bytes: int = 200 * GIB
    file_bytes: int = 4 * GIB
    files: int = 500_000
    ratio: float = 100.0
    ratio_from_bytes: int = GIB // 2
    free_bytes: int = GIB


@contextmanager
def open_root(path: Path, *, limits: Limits | None = None) -> Iterator[Path]:
    """Gives the folder of a study tree: a folder as it is, an archive unpacked until the block ends.

    Raises:
        ArchiveError: code not_found, not_an_archive, encrypted, damaged, unsafe_entry, too_large or
            disk_full.
    """
    path = Path(path)
    if path.is_dir():
        yield path
        return
    if not path.is_file():
        raise bad_archive("not_found", "There is no such file or folder.", "Check the path.")
    holder = Path(tempfile.mkdtemp(prefix="harvest-import-"))
    try:
        _unpack(path, holder, limits or Limits())
        yield holder
    finally:
        shutil.rmtree(holder, ignore_errors=True)


def _unpack(path: Path, target: Path, limits: Limits) -> None:
    with path.open("rb") as file:
        head = file.read(8)
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            raise bad_archive("not_an_archive", f"A {name} archive cannot be read.", "Pack it as zip or tar.")
    writer = _Writer(target, limits, packed_bytes=max(path.stat().st_size, 1))
    try:
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
            _unpack_zip(path, writer)
        else:
            _unpack_tar(path, writer)
    except ArchiveError:
        raise
    except _DAMAGED as error:
        raise bad_archive(
            "damaged", "The archive is truncated or damaged.", "Copy or pack it again."
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full() from error
        if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
            raise bad_archive(
                "unsafe_entry", "Two entries of the archive have one name.", "Pack the folder again."
            ) from error
        raise bad_archive("damaged", "The archive cannot be unpacked.", "Copy or pack it again.") from error


def _disk_full() -> ArchiveError:
    return bad_archive(
        "disk_full", "There is too little disk space to unpack the archive.", "Free space, then import again."
    )


def _unpack_zip(path: Path, writer: _Writer) -> None:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            if info.flag_bits & 0x1:
                raise bad_archive(
                    "encrypted",
                    "The archive is encrypted.",
                    "Unpack it yourself and import the folder.",
                )
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                raise _unsafe("a link or a device")
            with archive.open(info) as source:
                writer.write(info.filename, source, info.file_size)


def _unpack_tar(path: Path, writer: _Writer) -> None:
    try:
        archive = tarfile.open(path, mode="r:*")  # noqa: SIM115 - closed below; opening alone says what it is
    except tarfile.ReadError as error:
        if path.name.lower().endswith((".tar", ".tgz", ".txz", ".tbz2", ".tar.gz", ".tar.xz", ".tar.bz2")):
            raise
        raise bad_archive(
            "not_an_archive", "The file is no archive.", "Name a folder, or a zip or tar archive."
        ) from error
    with archive:
        for member in archive:
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                raise _unsafe("a link, a device or a sparse file")
            source = archive.extractfile(member)
            if source is None:
                raise tarfile.ReadError("no data")
            with source:
                writer.write(member.name, source, member.size)


def _unsafe(what: str) -> ArchiveError:
    return bad_archive(
        "unsafe_entry", f"The archive holds {what}.", "Pack only the files of the studies themselves."
    )


class _Writer:
    """Copies entries below one folder and holds them to the limits."""

    def __init__(self, target: Path, limits: Limits, *, packed_bytes: int) -> None:
        self.target, self.limits, self.packed_bytes = target, limits, packed_bytes
        self.files = self.total = 0

    def write(self, name: str, source: IO[bytes], stated_bytes: int) -> None:
        destination = self._place(name)
        self.files += 1
        if self.files > self.limits.files or stated_bytes > self.limits.file_bytes:
            raise self._too_large()
        if stated_bytes + self.limits.free_bytes > shutil.disk_usage(self.target).free:
            raise _disk_full()
        destination.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with destination.open("xb") as out:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                self.total += len(chunk)
                if written > stated_bytes or self._exceeded():
                    raise self._too_large()
                out.write(chunk)
        if written != stated_bytes:
            raise EOFError

    def _exceeded(self) -> bool:
        ratio = self.total / self.packed_bytes
        return self.total > self.limits.total_bytes or (
            self.total > self.limits.ratio_from_bytes and ratio > self.limits.ratio
        )

    def _too_large(self) -> ArchiveError:
        return bad_archive(
            "too_large",
            "The archive unpacks to more than is allowed.",
            "Import it in smaller parts, or unpack it and import the folder.",
        )

    def _place(self, name: str) -> Path:
        parts = PurePosixPath(name.replace("\\", "/")).parts
        unsafe = not parts or parts[0] == "/" or ".." in parts or "\0" in name or parts[0].endswith(":")
        if unsafe or any(len(os.fsencode(p)) > 255 for p in parts):
            raise _unsafe("an entry that points outside itself")
        return self.target.joinpath(*parts)
