"""A DICOM object on its way in: written piece by piece, known by its content, then put into its place."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from detector.errors import ReadError
from detector.ingest.dicom_file import is_dicom, read_dataset

# In the order of Identity's fields.
_TAGS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


class TooLarge(Exception):
    """More bytes than one object may have."""


class NotAnObject(Exception):
    """The bytes are no DICOM object, or one that does not say which."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which object it is; identifies a patient to whoever has the archive."""

    sop_class: str
    instance: str
    study: str
    series: str


def write_object(path: Path, chunks: Iterable[bytes], *, limit_bytes: int) -> int:
    """Writes an object; returns its bytes. What is not whole is taken away. `sync` has the disk keep it: many
    at once after all were written take a fraction of the time of one after the other.

    Raises:
        TooLarge: there is more than `limit_bytes`.
        OSError: it could not be written.
    """
    written = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            for chunk in chunks:
                written += len(chunk)
                if written > limit_bytes:
                    raise TooLarge
                out.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return written


def sync(*paths: Path) -> None:
    """Has the disk keep files that were written."""
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())


def identity_of(path: Path) -> Identity:
    """Reads which object it is from its header, without its pixels; raises NotAnObject."""
    if not is_dicom(path):
        raise NotAnObject
    try:
        data = read_dataset(path, stop_before_pixels=True, specific_tags=list(_TAGS))
        found = Identity(*(str(data.get(tag, "") or "").strip() for tag in _TAGS))
    except (ReadError, ValueError, TypeError, AttributeError):
        raise NotAnObject from None
    if not (found.sop_class and found.instance and found.study):
        raise NotAnObject
    return found
