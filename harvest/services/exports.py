"""Releases made into files that people download: asked for, made by a worker, kept, found again."""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.utils import timezone

from detector.errors import DetectorError
from detector.export.archive import write_archive
from detector.export.formats import FORMATS
from harvest import queue, store
from harvest.domain import ENDED, MAX_TRIES, JobState
from harvest.engine_release import export_release
from harvest.errors import Conflict, HarvestError, StorageFull, StoreUnreachable
from harvest.models import DatasetRelease, ReleaseExport, Study
from harvest.selectors.releases import export_info, manifest
from harvest.services.locks import one_at_a_time

log = logging.getLogger(__name__)
TASK = "export_release"
FOLDER = "exports"
TELL_SECONDS = 1.0


@transaction.atomic
def request_export(
    *, release: DatasetRelease, format: str, images: bool = False, owner: User | None = None
) -> ReleaseExport:
    """Asks for a release in a format of FORMATS; what is made already is given again.

    Raises:
        HarvestError: there is no such format.
        Conflict: it needs images and they are not asked for, or they may bear writing that nobody has looked
            at.
    """
    known = FORMATS.get(format)
    if known is None:
        raise HarvestError(f"There is no format {format}. There are: {', '.join(FORMATS)}.", code="format")
    if known.needs_images and not images:
        raise Conflict(f"{known.title} needs the images. Ask for them with it.", code="needs_images")
    if images:
        check_no_writing(release)
    row, _ = ReleaseExport.objects.select_for_update(of=("self",)).get_or_create(
        release=release, format=format, with_images=images, defaults={"owner": owner}
    )
    gone = row.state == JobState.SUCCEEDED and not store.has(row.store_key)
    if gone or row.state in (JobState.FAILED, JobState.CANCELLED):
        row.state, row.tries, row.error, row.stage = JobState.QUEUED, 0, None, ""
        row.save(update_fields=["state", "tries", "error", "stage"])
    if row.state == JobState.QUEUED:
        row.total = int(release.counts["studies"])
        row.save(update_fields=["total"])
        queue.enqueue(TASK, row.pk, queue=queue.PREPARE)
    return row


def make_export(*, export_id: UUID) -> None:
    """Writes, reads back and packs an export; safe to run twice. A failure is kept with it by name,
    one of the bucket once it has come MAX_TRIES times."""
    with one_at_a_time(export_id) as held:
        row = _begin(export_id) if held else None
        if row is None:
            return
        try:
            if row.tries > MAX_TRIES:
                raise HarvestError(
                    "Its worker was lost each time it was tried; memory may have run out.", code="worker_lost"
                )
            fields = _make(row)
        except DatabaseError:
            raise
        except (HarvestError, DetectorError) as error:
            if isinstance(error, StoreUnreachable) and row.tries < MAX_TRIES:
                log.warning("export %s is tried again: %s", row.pk, error.code)
                return
            fields = {"state": JobState.FAILED, "error": {"code": error.code, "message": str(error)}}
        except Exception as error:
            # The text of an unforeseen error may quote data; its type is enough to find it in the code.
            what = f"The export could not be written ({type(error).__name__})."
            fields = {"state": JobState.FAILED, "error": {"code": "internal", "message": what}}
            log.error("export %s failed: %s", row.pk, type(error).__name__)
        ReleaseExport.objects.filter(pk=row.pk, state=JobState.RUNNING).update(
            **fields, finished_at=timezone.now()
        )


def resend_lost_exports() -> None:
    """Sends again what lost its worker or its message."""
    lost = []
    for id in ReleaseExport.objects.filter(state=JobState.RUNNING).values_list("pk", flat=True):
        with one_at_a_time(id) as free:
            pass
        if free:
            lost.append(id)
    waits = ReleaseExport.objects.filter(state=JobState.QUEUED)
    if waits.exists() and queue.waiting(queue.PREPARE) == 0:
        lost += waits.values_list("pk", flat=True)
    for id in lost:
        queue.enqueue(TASK, id, queue=queue.PREPARE)


def check_no_writing(release: DatasetRelease) -> None:
    """Images that seem to bear writing do not leave before a person has looked at them; raises Conflict."""
    suspected = Study.objects.filter(cohort=release.cohort_id).exclude(suspected_text={})
    doubtful = {str(row.pk): row.ordinal for row in suspected if row.unchecked_text}
    frozen = manifest(release).studies if doubtful else []
    if held := ", ".join(str(doubtful[s["id"]]) for s in frozen if s["id"] in doubtful):
        raise Conflict(
            f"There seems to be writing in the images of study {held}. "
            "Look at them on the Studies page and say that it names nobody, or export without images.",
            code="unchecked_text",
        )


@transaction.atomic
def _begin(id: UUID) -> ReleaseExport | None:
    row = (
        ReleaseExport.objects.select_for_update(of=("self",))
        .select_related("release__cohort")
        .filter(pk=id)
        .first()
    )
    if row is None or row.state in ENDED:
        return None
    row.state = JobState.RUNNING
    row.tries += 1
    row.save(update_fields=["state", "tries"])
    return row


def _make(row: ReleaseExport) -> dict[str, Any]:
    """Makes the file and puts it into the store; returns what the row is to say of it."""
    release = row.release
    tell = _Teller(row)
    name = f"{release.cohort.name}-release-{release.number}"
    try:
        with store.pending_folder() as folder:
            out = folder / "out"
            out.mkdir()
            images = row.with_images
            export_release(manifest(release), row.format, export_info(release), out, images=images, tell=tell)
            files = [p for p in out.rglob("*") if p.is_file()]
            tell("packing", 0)
            whole, file_name = files[0], f"{name}-{files[0].name}"
            if len(files) > 1:
                whole, file_name = folder / "whole.zip", f"{name}-{row.format}.zip"
                store.require_space(sum(p.stat().st_size for p in files))
                write_archive(out, whole)
                shutil.rmtree(out)
            digest, size = store.digest(whole), whole.stat().st_size
            key = f"{FOLDER}/{digest}{whole.suffix}"
            (store.root() / FOLDER).mkdir(exist_ok=True)
            store.move_in(whole, key)
    except OSError as error:
        raise StorageFull(
            "The export does not fit on the disk. Free some space and ask for it again."
        ) from error
    return {
        "state": JobState.SUCCEEDED,
        "error": None,
        "stage": "",
        "store_key": key,
        "file_name": file_name,
        "sha256": digest,
        "size_bytes": size,
    }


class _Teller:
    """Writes down how far an export is, once a second at most."""

    def __init__(self, row: ReleaseExport) -> None:
        self._row, self._at, self._stage = row, 0.0, ""

    def __call__(self, stage: str, done: int) -> None:
        now = time.monotonic()
        if stage != self._stage or now > self._at + TELL_SECONDS:
            self._at, self._stage = now, stage
            ReleaseExport.objects.filter(pk=self._row.pk).update(stage=stage, done=done)


def export_to(
    *, release: DatasetRelease, format: str, out: Path, images: bool, tell: Any = None
) -> list[str]:
    """Writes a release's files into a folder at once; returns their names.

    Raises:
        HarvestError: the folder is not empty, or cannot be written; what export_release raises.
    """
    if format not in FORMATS:
        raise HarvestError(f"There is no format {format}. There are: {', '.join(FORMATS)}.", code="format")
    if images:
        check_no_writing(release)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise HarvestError("The folder --out is not empty. Name another.", code="not_empty")
        export_release(
            manifest(release), format, export_info(release), out, images=images, tell=tell or _silent
        )
    except OSError as error:
        raise HarvestError(
            f"The export cannot be written: {error.strerror}. Choose another --out or free space.",
            code="not_written",
        ) from error
    return sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())


def _silent(stage: str, done: int) -> None:
    """Nobody listens."""
