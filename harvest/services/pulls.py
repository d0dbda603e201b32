"""Pulls: an import that first fetches its studies from an archive, object by object, straight to disk.

A pull whose worker was lost goes on with what is not on disk yet. A study that cannot be had whole is refused
by name and stops no other. Afterwards the import is one like every other (services/import_runs.py).
"""

from __future__ import annotations

import logging
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from detector.ingest.archive import Limits
from harvest import queue, store
from harvest.domain import ENDED, ImportOutcome, ImportSource, JobState, Modality, Split
from harvest.errors import HarvestError, StorageFull
from harvest.models import ArchivePull, Cohort, ImageArchive, ImportItem, ImportJob
from harvest.network.dicomweb import ArchiveError, ArchiveGone, DicomWeb, SeriesListing, is_uid
from harvest.network.multipart import Part
from harvest.network.objects import NotAnObject, TooLarge, identity_of, sync, write_object
from harvest.services.archives import client_of
from harvest.services.imports import LOST_AFTER, end_import, tidy_import
from harvest.services.imports import TASK as IMPORT_TASK
from harvest.services.inbox import key_of
from harvest.services.locks import one_at_a_time

log = logging.getLogger(__name__)
OnStudy = Callable[[ArchivePull], None]

TASK = "pull_studies"
MAX_STUDIES = 500
# An archive that does not answer is asked again after so many seconds, then counts as gone.
WAITS = (1, 3, 9)
# How far it is is written, and whether it was cancelled is looked at, this often at most.
_LOOK_SECONDS = 1.0
_PENDING, _WHOLE = ".pending", ".whole"


class _Cancelled(Exception):
    pass


class _NotWhole(HarvestError):
    """A study that the archive does not give whole."""

    code = "pull_not_whole"


@transaction.atomic
def create_pull(
    *,
    cohort: Cohort,
    archive: ImageArchive,
    study_uids: Sequence[str],
    owner: User | None = None,
    modality: Modality = Modality.CT,
    split: Split = Split.POOL,
) -> ImportJob:
    """The import of these studies of an archive; `send_pull` or `run_pull` starts it.

    Raises:
        HarvestError: code bad_studies for none, too many, or what is no UID.
    """
    chosen = list(dict.fromkeys(study_uids))
    if not 0 < len(chosen) <= MAX_STUDIES or not all(map(is_uid, chosen)):
        raise HarvestError(
            f"Choose between one and {MAX_STUDIES} studies of the list that the archive gave.",
            code="bad_studies",
        )
    id = uuid.uuid4()
    job = ImportJob.objects.create(
        id=id,
        cohort=cohort,
        owner=owner,
        source=ImportSource.ARCHIVE,
        source_name=archive.name,
        source_path=str(Path(settings.UPLOAD_DIR) / "pulled" / str(id)),
        is_upload=True,
        split=split,
    )
    ArchivePull.objects.create(
        job=job,
        archive=archive,
        modality=modality,
        study_uids=chosen,  # type: ignore[misc]
        studies=len(chosen),
    )
    return job


@transaction.atomic
def start_pull(**wanted: object) -> ImportJob:
    """create_pull, handed to a worker."""
    job = create_pull(**wanted)  # type: ignore[arg-type]
    queue.enqueue(TASK, job.pk, queue=queue.IO)
    return job


def pull_then_import(*, job_id: UUID) -> None:
    """Runs a pull, or goes on with one whose worker was lost, and hands what came to the import."""
    if run_pull(job_id=job_id):
        queue.enqueue(IMPORT_TASK, job_id, queue=queue.IO)


def run_pull(*, job_id: UUID, on_study: OnStudy | None = None) -> bool:
    """Fetches what lacks; True where the import is to go on. Does nothing for an import that is over."""
    with one_at_a_time(job_id) as held:
        pull = _begin(job_id) if held else None
        if pull is None:
            return False
        if pull.finished_at:
            return True
        try:
            problem = _fetch_all(pull, on_study)
        except _Cancelled:
            tidy_import(job_id=job_id)
            return False
        except HarvestError as error:
            _fail(pull, error.code, error.message)
            return False
        except SystemExit:
            raise  # the worker is stopped: the pull goes on when there is one again
        except BaseException as error:
            log.error("pull %s stopped by %s", job_id, type(error).__name__)
            _fail(pull, "internal", f"Something unforeseen stopped the pull ({type(error).__name__}).")
            raise
        if problem and not pull.studies_done:
            _fail(pull, problem.code, problem.message)
            return False
        pull.finished_at = timezone.now()
        pull.save(update_fields=["finished_at"])
        return True


def resume_lost_pulls() -> None:
    """Sends pulls again that no worker holds: its worker was lost, or its message."""
    begun = Q(job__state=JobState.RUNNING)
    unheard = Q(job__state=JobState.QUEUED, created_at__lt=timezone.now() - LOST_AFTER)
    for pull in ArchivePull.objects.filter(begun | unheard, finished_at=None):
        with one_at_a_time(pull.job_id) as free:
            pass
        if free:
            queue.enqueue(TASK, pull.job_id, queue=queue.IO)


@transaction.atomic
def _begin(job_id: UUID) -> ArchivePull | None:
    job = ImportJob.objects.select_for_update().filter(pk=job_id).first()
    pull = ArchivePull.objects.select_related("archive", "job").filter(job=job_id).first()
    if job is None or pull is None or job.state in ENDED:
        return None
    job.state = JobState.RUNNING
    job.save(update_fields=["state"])
    return pull


def _fail(pull: ArchivePull, code: str, message: str) -> None:
    pull.finished_at = timezone.now()
    pull.save(update_fields=["finished_at"])
    end_import(job_id=pull.job_id, state=JobState.FAILED, error={"code": code, "message": message})
    tidy_import(job_id=pull.job_id)


def _fetch_all(pull: ArchivePull, on_study: OnStudy | None) -> ArchiveError | None:
    """Fetches every study that is not whole yet; the last error of the archive's, if there was one.

    Raises:
        StorageFull: there is too little space.
        _Cancelled: the import was cancelled meanwhile.
    """
    if pull.archive is None:
        raise HarvestError("The archive was taken away before its studies were fetched.", code="no_archive")
    root = Path(pull.job.source_path)
    refused = set(pull.job.items.values_list("study_key", flat=True))
    fetch = _Fetch(pull, client_of(pull.archive), root)
    problem: ArchiveError | None = None
    for number, uid in enumerate(pull.study_uids, start=1):
        if _item_key(uid) in refused:
            continue
        folder = root / key_of(uid)
        try:
            if not (folder / _WHOLE).exists():
                # Once it is gone, the studies after this one are tried without waiting for it again.
                fetch.study(uid, folder, waits=() if isinstance(problem, ArchiveGone) else WAITS)
                sync(*folder.glob("*.dcm"))
                (folder / _WHOLE).touch()
        except (ArchiveError, _NotWhole) as error:
            problem = error if isinstance(error, ArchiveError) else problem
            shutil.rmtree(folder, ignore_errors=True)
            _refuse(pull, number, uid, error)
        else:
            pull.studies_done = sum((root / key_of(u) / _WHOLE).exists() for u in pull.study_uids)
            fetch.look(now=True)
        if on_study:
            on_study(pull)
    return problem


def _refuse(pull: ArchivePull, number: int, uid: str, error: HarvestError) -> None:
    ImportItem.objects.create(
        job=pull.job,
        ordinal=pull.job.items.count() + 1,
        outcome=ImportOutcome.REFUSED,
        study_key=_item_key(uid),
        relative_path=f"study {number} of the pull",
        code=error.code,
        message=f"Not pulled: {error.message}",
        remedy="Pull the study again.",
    )
    log.info("pull %s study %d: %s", pull.job_id, number, error.code)


def _item_key(uid: str) -> str:
    return f"pull-{key_of(uid)[-32:]}"


class _Fetch:
    """Fetches objects of one archive for one pull, within the limits of a whole import."""

    def __init__(self, pull: ArchivePull, client: DicomWeb, root: Path) -> None:
        self.pull, self.client, self.root = pull, client, root
        self.limits = Limits()
        root.mkdir(parents=True, exist_ok=True)
        here = [p.stat().st_size for p in root.rglob("*.dcm")]
        self.objects, self.bytes = len(here), sum(here)
        self._looked = 0.0

    def study(self, uid: str, folder: Path, *, waits: Sequence[float]) -> None:
        """Fetches what lacks of a study, again after each of the waits while the archive does not answer.

        Raises:
            ArchiveError, _NotWhole, StorageFull, _Cancelled
        """
        for wait in waits:
            try:
                self._study(uid, folder)
            except ArchiveGone:
                self.look(now=True)
                time.sleep(wait)
            else:
                return
        self._study(uid, folder)

    def _study(self, uid: str, folder: Path) -> None:
        listing = self.client.listing(uid, modality=self.pull.modality)
        if not any(series.instances for series in listing):
            raise _NotWhole(f"The archive has no {self.pull.modality} images of it.", code="pull_empty")
        for series in listing:
            wanted = {key_of(instance): instance for instance in series.instances}
            # Whole series at first; what an earlier try left over one by one.
            if len(self._lacking(wanted, folder)) == len(wanted):
                self._objects(uid, series, "", folder)
            for instance in self._lacking(wanted, folder):
                self._objects(uid, series, instance, folder)
            if self._lacking(wanted, folder):
                raise _NotWhole("The archive does not give all the images that it lists.")

    @staticmethod
    def _lacking(wanted: dict[str, str], folder: Path) -> list[str]:
        return [instance for key, instance in wanted.items() if not (folder / f"{key}.dcm").exists()]

    def _objects(self, study: str, series: SeriesListing, instance: str, folder: Path) -> None:
        with self.client.objects(study, series.uid, instance) as parts:
            for part in parts:
                self._keep(part, study, folder)

    def _keep(self, part: Part, study: str, folder: Path) -> None:
        pending = self.root / _PENDING / uuid.uuid4().hex
        self._check_space()
        try:
            size = write_object(pending, part.content, limit_bytes=self.limits.file_bytes)
            found = identity_of(pending)
            if found.study != study:
                raise NotAnObject
            folder.mkdir(parents=True, exist_ok=True)
            pending.replace(folder / f"{key_of(found.instance)}.dcm")
        except NotAnObject:
            raise _NotWhole("The archive sent something that is no DICOM object of it.") from None
        except TooLarge:
            raise _NotWhole("An object is larger than any may be.", code="too_large") from None
        except OSError as error:
            raise StorageFull("What was pulled could not be kept. Free some space and pull again.") from error
        finally:
            pending.unlink(missing_ok=True)
        self.objects += 1
        self.bytes += size
        if self.objects > self.limits.files or self.bytes > self.limits.total_bytes:
            raise HarvestError("This is more than one import may hold. Pull fewer studies.", code="too_large")
        self.look()

    def _check_space(self) -> None:
        store.require_space(0)
        if shutil.disk_usage(self.root).free < self.limits.free_bytes:
            raise StorageFull("There is too little disk space to pull more. Free some and pull again.")

    def look(self, *, now: bool = False) -> None:
        """Writes down how far it is; raises _Cancelled where somebody has cancelled the import."""
        if not now and time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        self.pull.objects_done = self.objects
        self.pull.save(update_fields=["objects_done", "studies_done"])
        if not ImportJob.objects.filter(pk=self.pull.job_id, state=JobState.RUNNING).exists():
            raise _Cancelled
