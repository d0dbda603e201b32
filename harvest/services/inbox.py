"""The inbox: objects that others send, by STOW-RS or C-STORE, kept until their study is whole, then imported.

An object lies at inbox/<cohort>/<sender>/<study>/<object>.dcm, whole or not at all. When nothing has come for
a study for a while, its objects are linked into a folder of an import of their own. They stay in the inbox
until the study was taken: a sender that was cut off sends only the rest again, and both together are whole.
Names are keyed hashes of UIDs, since a UID identifies a patient to whoever has the archive.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from detector.deidentify import keyed
from harvest import queue, store
from harvest.domain import ENDED, ImportOutcome, ImportSource, JobState
from harvest.models import Cohort, DicomSender, ImportItem, ImportJob, ReceivedStudy, Study
from harvest.network.objects import Identity
from harvest.services.imports import TASK
from harvest.services.turns import take_turn

STAGING = ".coming"
# What could not be taken waits so long for the rest of its study; what was half written so long at most.
KEEP = timedelta(days=7)
STAGED_SECONDS = 24 * 3600
# An import that failed before it came to a study is tried again after this.
AGAIN = timedelta(minutes=10)
IN_COHORT = (ImportOutcome.TAKEN, ImportOutcome.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends into a cohort: a DICOM sender, or a user by STOW-RS, by the id of the row."""

    cohort: UUID
    source: ImportSource
    id: str

    @property
    def folder(self) -> Path:
        return inbox() / str(self.cohort) / f"{self.source}-{self.id}"


def inbox() -> Path:
    return Path(settings.INBOX_DIR)


def staging() -> Path:
    """Where objects are written while they come: on the disk of the inbox, so that a rename puts them in."""
    folder = inbox() / STAGING
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def received_folder() -> Path:
    """Where the objects of imports lie."""
    return Path(settings.UPLOAD_DIR) / "received"


def key_of(uid: str) -> str:
    """What stands for a UID in names and rows."""
    return keyed.remapped_uid(settings.PSEUDONYM_KEY, uid)


def put(*, sender: Sender, identity: Identity, path: Path) -> None:
    """Moves a whole object that the disk keeps from the staging folder into the inbox.

    Raises:
        StorageFull: hardly any space is left.
        OSError: it could not be moved.
    """
    store.require_space(0)
    folder = sender.folder / key_of(identity.study)
    final = folder / f"{key_of(identity.instance)}.dcm"
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            path.replace(final)
        except FileNotFoundError:
            # The emptied folder of an import was removed at this very moment.
            if not path.exists():
                raise
        else:
            return


def import_quiet_studies() -> list[ImportJob]:
    """Starts an import of each sender's studies that nothing has come for lately, and tidies the inbox.

    Safe to run twice, also at once: what is in an import is known by rows, and one runs at a time.
    """
    with transaction.atomic():
        take_turn("inbox")
        _forget_orphans()
        sweep = _Sweep()
        for sender, folder in _studies():
            names = {p.name for p in folder.glob("*.dcm")}
            if not names:
                _remove_if_empty(folder)
            elif time.time() - folder.stat().st_mtime >= settings.INBOX_QUIET_SECONDS:
                sweep.settle(sender, folder, names)
    _clear_staging()
    return list(sweep.jobs.values())


def _studies() -> Iterator[tuple[Sender, Path]]:
    cohorts = {str(id) for id in Cohort.objects.values_list("pk", flat=True)}
    for folder in sorted(inbox().glob("*/*/*")):
        cohort, who, _ = folder.relative_to(inbox()).parts
        source, _, id = who.partition("-")
        if cohort in cohorts:
            yield Sender(UUID(cohort), ImportSource(source), id), folder
        elif cohort != STAGING:
            shutil.rmtree(folder, ignore_errors=True)


class _Sweep:
    """One look through the inbox: a sender's quiet studies come into one import."""

    def __init__(self) -> None:
        self.jobs: dict[Sender, ImportJob] = {}
        self._items: dict[UUID, dict[str, list[ImportItem]]] = {}

    def settle(self, sender: Sender, folder: Path, names: Set[str]) -> None:
        """What becomes of a quiet study: an import, more for the import that asks for its phases, an item
        that says why not, or nothing where nothing came since it was looked at."""
        known, _ = ReceivedStudy.objects.select_for_update().get_or_create(
            cohort_id=sender.cohort, key=folder.name
        )
        job, before = known.job, set(known.objects_seen)
        if job and job.state not in ENDED:
            return
        items = self._said_of(job, folder.name) if job else []
        taken = next((item.study for item in items if item.outcome in IN_COHORT), None)
        came = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        fresh = not names <= before or _is_due(job, came, untouched=not items)
        if taken or (not fresh and timezone.now() - came > KEEP):
            transaction.on_commit(partial(_unlink, folder, names))
        if not fresh:
            return
        if taken:
            _say_late(sender, taken, folder.name, len(names - before))
        else:
            known.job = self._job_for(sender, job)
            _link(folder, names, Path(known.job.source_path) / folder.name)
        known.objects_seen = sorted(before | names)
        known.save(update_fields=["objects_seen", "job"])

    def _said_of(self, job: ImportJob, key: str) -> list[ImportItem]:
        """What an import said of the study of this key. Paths are sealed: they are compared here."""
        if job.pk not in self._items:
            by_key = self._items[job.pk] = {}
            for item in job.items.select_related("study"):
                by_key.setdefault(item.relative_path.split("/")[0], []).append(item)
        return self._items[job.pk].get(key, [])

    def _job_for(self, sender: Sender, earlier: ImportJob | None) -> ImportJob:
        """The import that still asks for phases, since whoever answers does so for the whole study; else this
        sweep's of the sender."""
        if earlier and earlier.source_path and Path(earlier.source_path).is_dir():
            return earlier
        if sender not in self.jobs:
            id = uuid.uuid4()
            self.jobs[sender] = ImportJob.objects.create(
                id=id, **_origin(sender), source_path=str(received_folder() / str(id))
            )
            queue.enqueue(TASK, id, queue=queue.IO)
        return self.jobs[sender]


def _is_due(job: ImportJob | None, came: datetime, *, untouched: bool) -> bool:
    """Whether a study is to be looked at (again): for the first time, since it was sent again after its
    import, or since that failed before it came to it. What was acknowledged is not forgotten for a full disk
    or a stopped worker."""
    if job is None or job.finished_at is None or came > job.finished_at:
        return True
    return job.state == JobState.FAILED and untouched and job.finished_at < timezone.now() - AGAIN


def _say_late(sender: Sender, study: Study, key: str, late: int) -> None:
    """An import that only says what came after its study was taken."""
    job = ImportJob.objects.create(
        **_origin(sender), state=JobState.SUCCEEDED, finished_at=timezone.now(), total=1, done=1
    )
    item = ImportItem(job=job, ordinal=1, study=study, relative_path=key)
    if late:
        item.outcome = ImportOutcome.REFUSED
        item.code = "late_objects"
        item.message = (
            f"{late} {'object' if late == 1 else 'objects'} came after study {study.ordinal} was "
            "imported; the study stays as it was."
        )
        item.remedy = (
            "Reports and copies need nothing. Where images came late, import the whole study into another "
            "cohort, and raise HARVEST_INBOX_QUIET_SECONDS for senders that pause."
        )
    else:
        item.outcome = ImportOutcome.DUPLICATE
        item.message = "This study is in the cohort already."
    item.save()


def _origin(sender: Sender) -> dict[str, Any]:
    """Whose the import is: a user's who sent by STOW-RS, nobody's where a DICOM sender did."""
    fields = {"cohort_id": sender.cohort, "is_upload": True, "source": sender.source}
    if sender.source == ImportSource.STOW:
        return fields | {"owner": User.objects.filter(pk=sender.id).first()}
    row = DicomSender.objects.filter(pk=sender.id).first()
    return fields | {"source_name": row.ae_title if row else ""}


def _link(folder: Path, names: Set[str], target: Path) -> None:
    """Puts the objects there, too, at no cost of space."""
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        with suppress(FileExistsError):
            os.link(folder / name, target / name)


def _unlink(folder: Path, names: Set[str]) -> None:
    """Takes these objects out of the inbox; what comes meanwhile stays."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _forget_orphans() -> None:
    """Removes folders of imports that were never committed; their objects are in the inbox still."""
    for folder in received_folder().glob("*"):
        if not ImportJob.objects.filter(pk=folder.name).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _clear_staging() -> None:
    """Removes what was half written by a receiver that is gone."""
    for path in staging().iterdir():
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > STAGED_SECONDS:
                path.unlink() if path.is_file() else shutil.rmtree(path)
