"""Uploads: files that a browser sends, kept under the sender's own folder until they are imported."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from harvest import store
from harvest.errors import Conflict, HarvestError, NotFound, StorageFull


@dataclass(frozen=True, slots=True)
class Piece:
    """A file or a part of one: `file` belongs at byte `offset` of the file at `relative_path`."""

    relative_path: str
    file: UploadedFile
    offset: int = 0


def add_pieces(*, user_id: int, pieces: Sequence[Piece], upload_id: UUID | None = None) -> UUID:
    """Keeps files, or parts of them in order, under their relative paths; the upload is made where no id is
    given. The piece that came last may come again: an answer can be lost on its way.

    Raises:
        NotFound: the id is not one of this user's uploads.
        HarvestError: code unsafe_path for a path that leads outside.
        Conflict: code gap for a piece whose predecessor is not here.
        StorageFull: the disk is full; the piece that did not fit is not kept.
    """
    wanted = [(_safe(piece.relative_path), piece) for piece in pieces]
    store.require_space(sum(piece.file.size or 0 for piece in pieces))
    made = upload_id or uuid.uuid4()
    folder = upload_folder(user_id=user_id, upload_id=made) if upload_id else _folder(user_id, made)
    for parts, piece in wanted:
        _write(folder.joinpath(*parts), piece)
    return made


def received(*, user_id: int, upload_id: UUID) -> list[tuple[str, int]]:
    """What has come of an upload: relative paths with the bytes that are here; raises NotFound."""
    folder = upload_folder(user_id=user_id, upload_id=upload_id)
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return [(p.relative_to(folder).as_posix(), p.stat().st_size) for p in files]


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


def _write(target: Path, piece: Piece) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        here = target.stat().st_size if target.exists() else 0
        if piece.offset > here:
            raise Conflict(
                "A part of the file before this one is not here. Send the file again.",
                code="gap",
                details={"received": here},
            )
        with target.open("r+b" if piece.offset else "wb") as out:
            out.seek(piece.offset)
            for chunk in piece.file.chunks():
                out.write(chunk)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise HarvestError(
            "Two of the files claim the same path. Choose the folder again.", code="unsafe_path"
        ) from error
    except OSError as error:
        _cut(target, piece.offset)
        raise StorageFull("The files could not be kept. Free some space and send them again.") from error


def _cut(target: Path, size: int) -> None:
    """Takes away what was half written."""
    if not size:
        target.unlink(missing_ok=True)
    elif target.is_file():
        os.truncate(target, size)
