"""Import jobs: asked for, reopened when phases are said, cancelled, ended, tidied up after.
services/import_runs.py and services/reading.py do the work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from harvest import queue
from harvest.domain import (
    ENDED,
    PHASES,
    SAID_PHASES,
    ImportOutcome,
    ImportSource,
    JobState,
    Modality,
    Split,
)
from harvest.errors import Conflict, HarvestError, InvalidTransition, NotFound
from harvest.models import Cohort, ImportItem, ImportJob
from harvest.services.locks import one_at_a_time
from harvest.services.thumbnails import forget_thumbnails
from harvest.services.uploads import delete_upload, upload_folder
from harvest.services.work_folders import delete_work

TASK = "import_job"
# A message that is so old was lost with its broker.
LOST_AFTER = timedelta(seconds=60)


@transaction.atomic
def start_upload_import(
    *,
    cohort: Cohort,
    owner: User,
    upload_id: UUID,
    given_phases: Mapping[str, str],
    split: Split,
    site: str = "",
) -> ImportJob:
    """Asks for the import of the owner's upload.

    Raises:
        NotFound: code upload_missing.
        Conflict: code already_importing.
        HarvestError: code unknown_phase.
    """
    _check_phases(given_phases)
    folder = upload_folder(user_id=owner.pk, upload_id=upload_id)
    # Paths are sealed in the database, so they are compared here.
    running = ImportJob.objects.filter(owner=owner, is_upload=True).exclude(state__in=ENDED)
    if str(folder) in [job.source_path for job in running]:
        raise Conflict("This upload is being imported already.", code="already_importing")
    job = ImportJob.objects.create(
        cohort=cohort,
        owner=owner,
        source_path=str(folder),
        is_upload=True,
        source=ImportSource.UPLOAD,
        given_phases=dict(given_phases),
        split=split,
        site=site,
        registration=settings.REGISTRATION,
    )
    queue.enqueue(TASK, job.pk, queue=queue.IO)
    return job


def create_path_import(
    *,
    cohort: Cohort,
    path: Path,
    given_phases: Mapping[str, str],
    split: Split,
    dataset: str = "",
    dataset_phase: str = "",
    site: str = "",
) -> ImportJob:
    """The row of an import that a command runs at once, of a path on this machine; of a public data set, and
    the phase of its scans, where they are named."""
    return ImportJob.objects.create(
        cohort=cohort,
        source_path=str(path),
        given_phases=dict(given_phases),
        split=split,
        dataset=dataset,
        dataset_phase=dataset_phase,
        site=site,
        registration=settings.REGISTRATION,
    )


@transaction.atomic
def say_phases(
    *,
    job_id: UUID,
    given_phases: Mapping[str, str] | None = None,
    items: Mapping[UUID, Mapping[str, str]] | None = None,
) -> ImportJob:
    """Reopens an import whose studies need their phases said: only those are looked at again.

    `given_phases` (series to phase) is said of every study that has the series, `items` of one study each,
    by its item's id; two studies may number their series differently.

    Raises:
        NotFound: there is no such import.
        InvalidTransition: it still runs, nothing waits for phases, or the files are gone.
        HarvestError: codes unknown_phase, and unknown_item for one that asks nothing.
    """
    for said in (given_phases or {}, *(items or {}).values()):
        _check_phases(said)
    job = _locked(job_id)
    asked = {item.pk: item for item in job.items.filter(outcome=ImportOutcome.PHASES_NEEDED)}
    waiting = len(asked)
    if job.state not in ENDED or not waiting or not job.is_upload or not job.source_path:
        raise InvalidTransition("No study of this import waits for its phases. Upload the files again.")
    if set(items or {}) - set(asked):
        raise HarvestError(
            "One of these studies asks for no phases (any more). Load the page again.", code="unknown_item"
        )
    for id, said in (items or {}).items():
        asked[id].details = asked[id].details | {SAID_PHASES: dict(said)}
        asked[id].save(update_fields=["details"])
    job.items.filter(outcome=ImportOutcome.PHASES_NEEDED).update(outcome=ImportOutcome.WAITING, tries=0)
    # The one way back from an end: the person's answer was what the import lacked.
    job.state = JobState.QUEUED
    job.given_phases = dict(given_phases or {})
    job.looked_through = False
    job.done = job.total - waiting
    job.finished_at = None
    job.error = None
    job.save(update_fields=["state", "given_phases", "looked_through", "done", "finished_at", "error"])
    queue.enqueue(TASK, job.pk, queue=queue.IO)
    return job


@transaction.atomic
def cancel_import(*, job_id: UUID) -> ImportJob:
    """Stops an import: studies that wait are not read; what was taken stays, and so does what is being read.

    Raises:
        NotFound: there is no such import.
        InvalidTransition: it has ended.
    """
    job = _locked(job_id)
    if job.state in ENDED:
        raise InvalidTransition("This import has ended already.")
    _end(job, JobState.CANCELLED, None)
    transaction.on_commit(partial(tidy_import, job_id=job_id))
    return job


@transaction.atomic
def end_import(*, job_id: UUID, state: JobState, error: dict[str, str] | None = None) -> None:
    """Ends an import that has not ended; tidy_import is to follow."""
    job = _locked(job_id)
    if job.state not in ENDED:
        _end(job, state, error)


@transaction.atomic
def end_import_if_done(*, job_id: UUID) -> None:
    """Ends a running import that was looked through and of which nothing waits any more."""
    running = ImportJob.objects.filter(pk=job_id, state=JobState.RUNNING, looked_through=True)
    job = running.select_for_update().first()
    if job is not None and not _waiting(job).exists():
        _end(job, JobState.SUCCEEDED, None)


def tidy_import(*, job_id: UUID) -> None:
    """Removes what an ended import needed, unless somebody is still at it: whoever leaves last tidies up.

    What was to be read and was not is no outcome and goes. The files of an upload stay while a study of it
    waits for its phases to be said.
    """
    with one_at_a_time(job_id) as alone:
        if not alone:
            return
        with transaction.atomic():
            job = ImportJob.objects.select_for_update().filter(pk=job_id).first()
            if job is not None and job.state not in ENDED:
                return
            source = _forget(job) if job is not None else None
        if source:
            delete_upload(source)
        delete_work(job_id)


def _forget(job: ImportJob) -> Path | None:
    """Blanks what an ended import no longer needs; returns the upload to be deleted, where there is one."""
    _waiting(job).delete()
    asked = list(job.items.filter(outcome=ImportOutcome.PHASES_NEEDED).values_list("pk", flat=True))
    if not job.source_path or (asked and job.is_upload and job.state != JobState.CANCELLED):
        return None
    source = Path(job.source_path) if job.is_upload else None
    for id in asked:
        forget_thumbnails(id)
    job.source_path = ""
    job.save(update_fields=["source_path"])
    return source


def _end(job: ImportJob, state: JobState, error: dict[str, str] | None) -> None:
    job.state = state
    job.error = error
    job.finished_at = timezone.now()
    job.save(update_fields=["state", "error", "finished_at"])


def _waiting(job: ImportJob) -> QuerySet[ImportItem]:
    return job.items.filter(outcome=ImportOutcome.WAITING)


def _locked(job_id: UUID) -> ImportJob:
    job = ImportJob.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise NotFound("There is no such import.")
    return job


def _check_phases(given: Mapping[str, str]) -> None:
    wrong = sorted(set(given.values()) - set(PHASES[Modality.CT]))
    if wrong:
        raise HarvestError(
            f"There is no phase {', '.join(wrong)}. Say one of: {', '.join(PHASES[Modality.CT])}.",
            code="unknown_phase",
        )
