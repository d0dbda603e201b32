"""What an import keeps on disk while it runs: its archives unpacked, and a record of each study found.

A record holds paths and raw identifiers, so it is sealed like the columns that may name a person.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings

from detector.datasets.record import from_record, to_record
from detector.ingest.archive import Unpacking
from detector.ingest.found import FoundStudy
from harvest.errors import NotFound
from harvest.sealing import seal, unseal


def new_unpacking(job_id: UUID) -> Unpacking:
    """A place for the archives of an import, emptied of what an earlier run left there."""
    folder = work_folder(job_id)
    delete_work(job_id)
    folder.mkdir(parents=True, mode=0o700)
    return Unpacking(folder / "unpacked")


def keep_record(*, job_id: UUID, name: str, found: FoundStudy) -> None:
    """Writes a study down, so that any worker can read it."""
    path = _record(job_id, name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(seal(to_record(found)))


def read_record(*, job_id: UUID, name: str) -> FoundStudy:
    """The study again; raises NotFound, or ReadError where the record is damaged."""
    try:
        return from_record(unseal(_record(job_id, name).read_text()))
    except OSError as error:
        raise NotFound("The note of this study is gone. Import it again.", code="record_missing") from error


def delete_work(job_id: UUID) -> None:
    """Removes all of it."""
    shutil.rmtree(work_folder(job_id), ignore_errors=True)


def leftover_work() -> Iterator[UUID]:
    """The imports that have something on disk."""
    root = Path(settings.WORK_DIR)
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        try:
            yield UUID(folder.name)
        except ValueError:
            continue


def work_folder(job_id: UUID) -> Path:
    return Path(settings.WORK_DIR) / str(job_id)


def _record(job_id: UUID, name: str) -> Path:
    return work_folder(job_id) / "studies" / name
