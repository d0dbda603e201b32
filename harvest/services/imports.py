"""Import jobs: asked for, reopened when phases are said, cancelled. services/import_runs.py does the work."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
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
from harvest.models import Cohort, ImportJob
from harvest.services.thumbnails import forget_thumbnails
from harvest.services.uploads import delete_upload, upload_folder

TASK = "import_job"


@transaction.atomic
def start_upload_import(
    *, cohort: Cohort, owner: User, upload_id: UUID, given_phases: Mapping[str, str], split: Split
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
    # The one way back from an end: the person's answer was what the import lacked.
    job.state = JobState.QUEUED
    job.given_phases = dict(given_phases or {})
    job.done = job.total - waiting
    job.finished_at = None
    job.error = None
    job.save(update_fields=["state", "given_phases", "done", "finished_at", "error"])
    queue.enqueue(TASK, job.pk, queue=queue.IO)
    return job


@transaction.atomic
def cancel_import(*, job_id: UUID) -> ImportJob:
    """Stops an import before its next study; what was taken stays.

    Raises:
        NotFound: there is no such import.
        InvalidTransition: it has ended.
    """
    job = _locked(job_id)
    if job.state in ENDED:
        raise InvalidTransition("This import has ended already.")
    was_queued = job.state == JobState.QUEUED
    job.state = JobState.CANCELLED
    job.finished_at = timezone.now()
    job.save(update_fields=["state", "finished_at"])
    if was_queued:
        _forget_source(job)
    return job


@transaction.atomic
def end_import(*, job_id: UUID, state: JobState, error: dict[str, str] | None = None) -> None:
    """Ends a run that is over; the files go, unless somebody has yet to say their phases."""
    job = _locked(job_id)
    if job.state not in ENDED:
        job.state = state
        job.error = error
        job.finished_at = timezone.now()
        job.save(update_fields=["state", "error", "finished_at"])
    waits = job.is_upload and job.items.filter(outcome=ImportOutcome.PHASES_NEEDED).exists()
    if not waits or job.state == JobState.CANCELLED:
        _forget_source(job)


def _forget_source(job: ImportJob) -> None:
    folder = Path(job.source_path)
    if job.is_upload and job.source_path:
        questions = list(job.items.filter(outcome=ImportOutcome.PHASES_NEEDED).values_list("pk", flat=True))
        transaction.on_commit(lambda: delete_upload(folder))
        for id in questions:
            transaction.on_commit(partial(forget_thumbnails, id))
    job.source_path = ""
    job.save(update_fields=["source_path"])


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
