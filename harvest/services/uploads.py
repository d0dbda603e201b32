"""Uploads: files that a browser sends, kept under the sender's own folder until they are imported."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from harvest import store
from harvest.errors import HarvestError, NotFound, StorageFull

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2")


def add_files(
    *, user_id: int, files: Iterable[tuple[str, UploadedFile]], upload_id: UUID | None = None
) -> UUID:
    """Keeps files under their relative paths; the upload is made where no id is given.

    Raises:
        NotFound: the id is not one of this user's uploads.
        HarvestError: code unsafe_path for a path that leads outside.
        StorageFull: the disk is full; the file that did not fit is not kept.
    """
    wanted = [(_safe(relative_path), file) for relative_path, file in files]
    store.require_space(sum(file.size or 0 for _, file in wanted))
    made = upload_id or uuid.uuid4()
    folder = upload_folder(user_id=user_id, upload_id=made) if upload_id else _folder(user_id, made)
    for parts, file in wanted:
        _write(folder.joinpath(*parts), file)
    return made


def upload_folder(*, user_id: int, upload_id: UUID) -> Path:
    """The folder of an upload; raises NotFound where this user has none of that id."""
    folder = _folder(user_id, upload_id)
    if not folder.is_dir():
        raise NotFound("There is no such upload. Send the files again.", code="upload_missing")
    return folder


def delete_upload(folder: Path) -> None:
    """Removes an upload's files; a folder that is none of ours stays."""
    root = Path(settings.UPLOAD_DIR).resolve()
    if folder.resolve().is_relative_to(root) and folder.resolve() != root:
        shutil.rmtree(folder, ignore_errors=True)


def roots_of(folder: Path) -> list[Path]:
    """What to look through: the archives, where the folder holds nothing else, or the folder itself."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    if files and all(p.name.lower().endswith(ARCHIVE_SUFFIXES) and not _is_volume(p) for p in files):
        return files
    return [folder]


def _is_volume(path: Path) -> bool:
    return path.name.lower().endswith(".nii.gz")


def _folder(user_id: int, upload_id: UUID) -> Path:
    return Path(settings.UPLOAD_DIR) / str(user_id) / str(upload_id)


def _safe(relative_path: str) -> tuple[str, ...]:
    parts = PurePosixPath(relative_path.replace("\\", "/")).parts
    unsafe = not parts or parts[0] == "/" or ".." in parts or "\0" in relative_path
    if unsafe or any(len(part.encode()) > 255 for part in parts):
        raise HarvestError(
            "A file's path leads outside the upload. Choose the folder again.", code="unsafe_path"
        )
    return parts


def _write(target: Path, file: UploadedFile) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            for chunk in file.chunks():
                out.write(chunk)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise HarvestError(
            "Two of the files claim the same path. Choose the folder again.", code="unsafe_path"
        ) from error
    except OSError as error:
        target.unlink(missing_ok=True)
        raise StorageFull("The files could not be kept. Free some space and send them again.") from error
