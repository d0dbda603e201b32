"""The store: immutable folders and files under one root. What appears under a key is whole, or not there.

Keys are relative, made of ids and hashes alone; no name of a person or a source path is ever in one.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from django.conf import settings

from harvest.errors import NotFound, StorageFull

# Below this the database itself is in danger, so nothing more is taken.
RESERVE_BYTES = 256 * 2**20


def root() -> Path:
    return Path(settings.STORE_DIR)


def path(key: str) -> Path:
    """Where a key lies; raises NotFound for a key that points outside or is not there."""
    found = (root() / key).resolve()
    if not found.is_relative_to(root().resolve()) or not found.exists():
        raise NotFound("This is no longer in the store.", code="store_missing")
    return found


def _full(error: OSError) -> StorageFull | None:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The disk is full. Free some space and start this again; nothing was changed.")
    return None


def require_space(needed_bytes: int) -> None:
    """Raises StorageFull where `needed_bytes` would not leave a reserve."""
    root().mkdir(parents=True, exist_ok=True)
    free = psutil.disk_usage(str(root())).free
    if free < needed_bytes + RESERVE_BYTES:
        raise StorageFull(
            "The disk is full. Free some space and start this again; nothing was changed.",
            details={"free_bytes": free, "needed_bytes": needed_bytes},
        )


@contextmanager
def new_folder(key: str) -> Iterator[Path]:
    """A folder to fill, which appears under `key` whole when the block ends well, and not at all otherwise.

    An existing folder under the key stays as it is: the same key means the same content.
    """
    final = root() / key
    pending = root() / "pending" / uuid.uuid4().hex
    try:
        pending.mkdir(parents=True)
        yield pending
        final.parent.mkdir(parents=True, exist_ok=True)
        if not final.exists():
            _rename(pending, final)
    except OSError as error:
        if full := _full(error):
            raise full from error
        raise
    finally:
        shutil.rmtree(pending, ignore_errors=True)


@contextmanager
def pending_folder() -> Iterator[Path]:
    """A folder to fill beside the store's own, gone when the block ends; `move_in` what is to stay.

    Raises:
        StorageFull: the disk is full.
    """
    pending = root() / "pending" / uuid.uuid4().hex
    try:
        pending.mkdir(parents=True)
        yield pending
    except OSError as error:
        if full := _full(error):
            raise full from error
        raise
    finally:
        shutil.rmtree(pending, ignore_errors=True)


def move_in(pending: Path, key: str) -> None:
    """Puts a whole file or folder under a key, in place of what an earlier, unfinished attempt left there.
    For what nobody reads before a row says that it is there."""
    final = root() / key
    if final.is_dir():
        shutil.rmtree(final)
    pending.rename(final)


def _rename(pending: Path, final: Path) -> None:
    try:
        pending.rename(final)
    except OSError:
        # Another process made the same content at the same moment.
        if not final.exists():
            raise


def put_bytes(prefix: str, data: bytes, suffix: str) -> tuple[str, str]:
    """Stores bytes under their own hash; returns (key, sha256)."""
    digest = hashlib.sha256(data).hexdigest()
    key = f"{prefix}/{digest}{suffix}"
    final = root() / key
    if not final.exists():
        pending = final.with_name(f".{uuid.uuid4().hex}")
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            pending.write_bytes(data)
            pending.rename(final)
        except OSError as error:
            if full := _full(error):
                raise full from error
            raise
        finally:
            pending.unlink(missing_ok=True)
    return key, digest


def put_lines(lines: Iterable[bytes], key_of: Callable[[str], str]) -> tuple[str, str]:
    """Stores what comes in pieces under the key that its hash makes; returns (key, sha256)."""
    digest = hashlib.sha256()
    with pending_folder() as folder:
        whole = folder / "whole"
        with whole.open("wb") as file:
            for line in lines:
                digest.update(line)
                file.write(line)
        key = key_of(digest.hexdigest())
        final = root() / key
        final.parent.mkdir(parents=True, exist_ok=True)
        _rename(whole, final)
    return key, digest.hexdigest()


def put_file(prefix: str, source: Path) -> tuple[str, str]:
    """Stores a file under its own hash; returns (key, sha256)."""
    return put_bytes(prefix, source.read_bytes(), source.suffix)


def delete_folder(key: str) -> None:
    """Removes a folder that nothing points to (any more)."""
    shutil.rmtree(root() / key, ignore_errors=True)


def digest(path: Path) -> str:
    """The SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
