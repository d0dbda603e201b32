"""The store: immutable folders and files under one root. What appears under a key is whole, or not there.

Keys are relative, made of ids and hashes alone; no name of a person or a source path is ever in one.

What lies under its own hash (weights, releases, exports) lies in an S3 bucket, too, where one is set; the
folder is then a cache of it. Volumes are memory-mapped, so they stay in the folder
(docs/decisions/0030-weights-in-a-bucket.md).
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import psutil
from django.conf import settings

from harvest.errors import NotFound, PermanentError, StorageFull

# Below this the database itself is in danger, so nothing more is taken.
RESERVE_BYTES = 256 * 2**20
# What lies in the bucket; the hash is that of the file.
_SHARED = re.compile(r"(?:weights|releases|exports)/([0-9a-f]{64})(?:\.[A-Za-z0-9]+)*")


def root() -> Path:
    return Path(settings.STORE_DIR)


def path(key: str) -> Path:
    """Where a key lies, fetched from the bucket first where the folder does not have it yet.

    Raises:
        NotFound: the key points outside, or is not there.
        PermanentError: what the bucket has is not what its name says; nothing of it is kept.
        StoreUnreachable: the bucket does not answer.
        StorageFull: what is to be fetched does not fit on the disk.
    """
    found = (root() / key).resolve()
    if not found.exists() and in_bucket(key):
        _fetch(key)
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
    For what nobody reads before a row says that it is there. Raises StoreUnreachable as `share` does."""
    final = root() / key
    if final.is_dir():
        shutil.rmtree(final)
    pending.rename(final)
    share(key)


def _rename(pending: Path, final: Path) -> None:
    try:
        pending.rename(final)
    except OSError:
        # Another process made the same content at the same moment.
        if not final.exists():
            raise


def put_bytes(prefix: str, data: bytes, suffix: str) -> tuple[str, str]:
    """Stores bytes under their own hash; returns (key, sha256). Raises StorageFull, StoreUnreachable."""
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
    share(key)
    return key, digest


def put_lines(lines: Iterable[bytes], key_of: Callable[[str], str]) -> tuple[str, str]:
    """Stores what comes in pieces under the key that its hash makes; returns (key, sha256). Raises
    StorageFull, StoreUnreachable."""
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
    share(key)
    return key, digest.hexdigest()


def put_file(prefix: str, source: Path) -> tuple[str, str]:
    """Stores a file under its own hash; returns (key, sha256). Raises as put_bytes does."""
    return put_bytes(prefix, source.read_bytes(), source.suffix)


def delete_folder(key: str) -> None:
    """Removes a folder that nothing points to (any more)."""
    shutil.rmtree(root() / key, ignore_errors=True)


def digest(path: Path) -> str:
    """The SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has(key: str) -> bool:
    """Whether a file is here or in the bucket; raises StoreUnreachable."""
    return (root() / key).is_file() or (in_bucket(key) and _bucket().size(key) is not None)


def share(key: str) -> None:
    """Sees that the bucket has what the folder has under a key, before a row says that it is there. Does
    nothing where there is no bucket, or the key is none of those that it holds.

    Raises:
        PermanentError: the folder's file is not what its name says; the bucket's stays as it is.
        StoreUnreachable: the bucket does not take it; another attempt finds the file in the folder.
    """
    here = root() / key
    if not in_bucket(key) or _bucket().size(key) == here.stat().st_size:
        return
    if digest(here) != _sha256_of(key):
        raise PermanentError(
            f"{key} in the store is not what its name says. Delete it there, then start this again.",
            code="store_damaged",
        )
    _bucket().put(key, here)


def digest_in_bucket(key: str) -> str | None:
    """The SHA-256 of what the bucket has under a key, None where it has nothing; raises StoreUnreachable."""
    found = hashlib.sha256()
    try:
        for piece in _bucket().read(key)[1]:
            found.update(piece)
    except NotFound:
        return None
    return found.hexdigest()


def mend(key: str) -> bool:
    """Puts a whole file of the folder into a bucket that lacks it, or holds it damaged; returns whether it
    did. Raises StoreUnreachable."""
    here, sha256 = root() / key, _sha256_of(key)
    if not in_bucket(key) or not here.is_file() or digest(here) != sha256:
        return False
    if digest_in_bucket(key) == sha256:
        return False
    _bucket().put(key, here)
    return True


def in_bucket(key: str) -> bool:
    """Whether a key is of those that lie in the bucket; never without one."""
    return bool(settings.S3_BUCKET) and _sha256_of(key) is not None


def _sha256_of(key: str) -> str | None:
    found = _SHARED.fullmatch(key)
    return found[1] if found else None


def _fetch(key: str) -> None:
    size, pieces = _bucket().read(key)
    require_space(size)
    found = hashlib.sha256()
    with pending_folder() as folder:
        whole = folder / "whole"
        with whole.open("wb") as file:
            for piece in pieces:
                found.update(piece)
                file.write(piece)
        if found.hexdigest() != _sha256_of(key):
            raise PermanentError(
                f"{key} in the S3 bucket is not what its name says. Restore it from a backup.",
                code="store_damaged",
            )
        final = root() / key
        final.parent.mkdir(parents=True, exist_ok=True)
        _rename(whole, final)


def _bucket() -> ModuleType:
    # boto3 takes a fifth of a second to import, which most installations need not wait for.
    from harvest import bucket

    return bucket
