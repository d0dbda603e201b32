"""Archives of scans, unpacked as if a stranger had sent them.

Zip and tar (plain, gz, xz, bz2), and archives within them, MAX_DEPTH deep. Nothing is extracted by the
libraries themselves: each entry is checked and then copied by us, with the bytes counted as they come, so
that a false size in a header buys nothing.
"""

from __future__ import annotations

import errno
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import uuid
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
MAX_DEPTH = 3
_CHUNK = 1024 * 1024
_SUFFIXES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".xz", ".bz2", ".7z", ".rar")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_PACKED = (*_ZIP, b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh")
_FOREIGN = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR"}
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the archives of one import may become, all of them together. The ratio is that of each archive
    with all that lies within it, and counts only once `ratio_from_bytes` are unpacked: a mask of zeros packs
    a thousandfold and is no attack."""

    total_bytes: int = 200 * GIB
    file_bytes: int = 4 * GIB
    files: int = 500_000
    ratio: float = 100.0
    ratio_from_bytes: int = GIB // 2
    free_bytes: int = GIB


@dataclass(slots=True)
class _Archive:
    """One archive on its way: what it was packed as and has become, and the archive it lies in."""

    packed_bytes: int
    within: _Archive | None
    total: int = 0

    def chain(self) -> Iterator[_Archive]:
        at: _Archive | None = self
        while at is not None:
            yield at
            at = at.within


class Unpacking:
    """Unpacks archives below `folder`, each into a folder of the name it is known by ("a/scan.zip"), and
    holds all of them together to the limits.

    What an archive that is refused had become is removed, so that its siblings can still be opened; but it
    stays counted in files and bytes, so that many bombs are no way around the limits.
    """

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder, self.limits = folder, limits or Limits()
        self.files = self.total = 0
        self._known: dict[str, _Archive] = {}

    def unpack(self, path: Path, name: str) -> Path:
        """The folder with what the archive holds. One that lies in an unpacked archive gives way to it.

        Raises:
            ArchiveError: code not_an_archive, encrypted, damaged, unsafe_entry, too_large, nested_archive
                (deeper than MAX_DEPTH) or disk_full.
        """
        holders = [known for known in self._known if name.startswith(known + "/")]
        within = self._known[max(holders, key=len)] if holders else None
        if within and len(list(within.chain())) >= MAX_DEPTH:
            raise bad_archive(
                "nested_archive",
                f"Archives within each other are opened to a depth of {MAX_DEPTH}.",
                "Unpack it yourself and import the folder.",
            )
        archive = _Archive(max(path.stat().st_size, 1), within)
        pending, final = self.folder / f".{uuid.uuid4().hex}", self.folder / name
        with _named_errors():
            try:
                pending.mkdir(parents=True)
                _unpack(path, _Writer(pending, self, archive))
                final.parent.mkdir(parents=True, exist_ok=True)
                if final.is_file():
                    final.unlink()
                pending.rename(final)
            except BaseException:
                shutil.rmtree(pending, ignore_errors=True)
                for holder in within.chain() if within else ():
                    holder.total -= archive.total
                raise
        self._known[name] = archive
        return final


@contextmanager
def unpacking_here(limits: Limits | None = None) -> Iterator[Unpacking]:
    """A place to unpack to that is gone when the block ends."""
    holder = Path(tempfile.mkdtemp(prefix="harvest-import-"))
    try:
        yield Unpacking(holder, limits)
    finally:
        shutil.rmtree(holder, ignore_errors=True)


@contextmanager
def open_root(path: Path, *, limits: Limits | None = None) -> Iterator[Path]:
    """Gives the folder of a study tree: a folder as it is, an archive unpacked until the block ends.

    Raises:
        ArchiveError: code not_found, and those of Unpacking.unpack.
    """
    path = Path(path)
    if path.is_dir():
        yield path
        return
    require_file(path)
    with unpacking_here(limits) as unpacking:
        yield unpacking.unpack(path, path.name)


def require_file(path: Path) -> None:
    """Raises ArchiveError, code not_found, where there is no such file."""
    if not path.is_file():
        raise bad_archive("not_found", "There is no such file or folder.", "Check the path.")


def is_archive(path: Path) -> bool:
    """Whether a file says that it is an archive, by its name or its first bytes. Never raises."""
    if path.name.lower().endswith(_SUFFIXES):
        return True
    try:
        with path.open("rb") as file:
            head = file.read(262)
    except OSError:
        return False
    return head.startswith((*_PACKED, *_FOREIGN)) or head[257:] == b"ustar"


@contextmanager
def _named_errors() -> Iterator[None]:
    """Failures of reading, writing and moving as errors that say what to do."""
    try:
        yield
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


def _unpack(path: Path, writer: _Writer) -> None:
    with path.open("rb") as file:
        head = file.read(8)
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            raise bad_archive("not_an_archive", f"A {name} archive cannot be read.", "Pack it as zip or tar.")
    if head.startswith(_ZIP):
        _unpack_zip(path, writer)
    else:
        _unpack_tar(path, writer)


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
    """Copies entries of one archive below one folder and holds them to the limits."""

    def __init__(self, target: Path, counted: Unpacking, archive: _Archive) -> None:
        self.target, self.counted, self.limits, self.archive = target, counted, counted.limits, archive

    def write(self, name: str, source: IO[bytes], stated_bytes: int) -> None:
        destination = self._place(name)
        self.counted.files += 1
        if self.counted.files > self.limits.files or stated_bytes > self.limits.file_bytes:
            raise self._too_large()
        if stated_bytes + self.limits.free_bytes > shutil.disk_usage(self.target).free:
            raise _disk_full()
        destination.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with destination.open("xb") as out:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                self._count(len(chunk))
                if written > stated_bytes or self._exceeded():
                    raise self._too_large()
                out.write(chunk)
        if written != stated_bytes:
            raise EOFError

    def _count(self, size: int) -> None:
        self.counted.total += size
        for archive in self.archive.chain():
            archive.total += size

    def _exceeded(self) -> bool:
        return self.counted.total > self.limits.total_bytes or any(
            a.total > self.limits.ratio_from_bytes and a.total / a.packed_bytes > self.limits.ratio
            for a in self.archive.chain()
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
