"""The run of an import: its source is looked through once, then its studies are read, any number at once.

A job's lock is held alone while its source is looked through or tidied up after, and together by all who
read; services/reading.py reads one study.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone

from detector.errors import DetectorError
from detector.ingest.found import Discovery, FileSource, FoundStudy, Refusal
from detector.ingest.nifti import is_volume_file
from harvest import queue
from harvest.domain import ENDED, MAX_TRIES, NAMES_FILES, ImportOutcome, JobState
from harvest.errors import HarvestError
from harvest.models import ImportItem, ImportJob
from harvest.services.import_roots import look_through
from harvest.services.imports import LOST_AFTER, TASK, end_import, end_import_if_done, tidy_import
from harvest.services.locks import one_at_a_time
from harvest.services.processes import each_in_processes
from harvest.services.reading import read_next
from harvest.services.work_folders import keep_record, leftover_work, new_unpacking

log = logging.getLogger(__name__)
OnItem = Callable[[ImportItem, ImportJob], None]

READ = "read_study"


def start_import(*, job_id: UUID) -> None:
    """Looks a queued import through and hands its studies to the workers, as many at once as there are; goes
    on with one that was interrupted, does nothing for one that has ended."""
    with _named_end(job_id, lost=DatabaseError):
        _look_through(job_id)
    _hand_out(job_id)


def read_and_hand_on(*, job_id: UUID) -> None:
    """Reads one study and asks for the next: a task a study, so that no other work waits for an import."""
    if read_next(job_id=job_id) and _count_left(job_id):
        queue.enqueue(READ, job_id, queue=queue.IO)


def run_import(*, job_id: UUID, on_item: OnItem | None = None, workers: int = 1) -> None:
    """Runs an import to its end here, in so many processes; `on_item` hears of each thing as it is settled.
    Does nothing for one that has ended, or that somebody else looks through."""
    tell = _teller(job_id, on_item)
    with _named_end(job_id):
        if _look_through(job_id):
            tell()
            _read_all(job_id, workers, tell)
    tell()
    tidy_import(job_id=job_id)


def watch_imports() -> None:
    """Takes up again what lost its workers or its messages, and tidies up after what ended without them."""
    old = timezone.now() - LOST_AFTER
    # What is still being pulled from an archive is looked after by services/pulls.py.
    jobs = ImportJob.objects.filter(Q(pull=None) | Q(pull__finished_at__isnull=False))
    for id in jobs.filter(state=JobState.QUEUED, created_at__lt=old).values_list("pk", flat=True):
        queue.enqueue(TASK, id, queue=queue.IO)
    for id in jobs.filter(state=JobState.RUNNING).values_list("pk", flat=True):
        with one_at_a_time(id) as idle:
            pass
        if idle:
            queue.enqueue(TASK, id, queue=queue.IO)
    for id in leftover_work():
        if not ImportJob.objects.filter(pk=id).exclude(state__in=ENDED).exists():
            tidy_import(job_id=id)


def read_all_here(job_id: UUID) -> None:
    """Reads studies of an import until none is left for this process."""
    while read_next(job_id=job_id):
        pass


def _read_all(job_id: UUID, workers: int, tell: Callable[[], None]) -> None:
    """Reads until nothing is left; a study that takes its process with it is given up after MAX_TRIES."""
    left, fruitless = _count_left(job_id), 0
    while left:
        if fruitless > MAX_TRIES:
            raise HarvestError(
                "The processes that read end before they have read anything. Try it with --workers 1.",
                code="no_processes",
            )
        at_once = min(workers, left)
        if at_once > 1:
            each_in_processes(read_all_here, [job_id] * at_once, workers=at_once, meanwhile=tell)
        else:
            while read_next(job_id=job_id):
                tell()
        before, left = left, _count_left(job_id)
        fruitless = fruitless + 1 if left == before else 0


def _count_left(job_id: UUID) -> int:
    return ImportItem.objects.filter(
        job_id=job_id, job__state=JobState.RUNNING, outcome=ImportOutcome.WAITING
    ).count()


def _hand_out(job_id: UUID) -> None:
    waiting = _count_left(job_id)
    if not waiting:
        tidy_import(job_id=job_id)
    for _ in range(min(waiting, settings.WORKERS)):
        queue.enqueue(READ, job_id, queue=queue.IO)


@contextmanager
def _named_end(job_id: UUID, lost: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """Ends the import by the name of what stops the block; what is `lost` alone leaves it to be taken up."""
    try:
        yield
    except (HarvestError, DetectorError) as error:
        told = {"code": error.code, "message": str(error)}
        end_import(job_id=job_id, state=JobState.FAILED, error=told)
    except lost:
        raise
    except BaseException as error:
        log.error("import %s stopped by %s", job_id, type(error).__name__)
        end_import(
            job_id=job_id,
            state=JobState.FAILED,
            error={
                "code": "internal",
                "message": f"Something unforeseen stopped the import ({type(error).__name__}). "
                "What was taken stays; import the rest again.",
            },
        )
        tidy_import(job_id=job_id)
        raise


def _look_through(job_id: UUID) -> bool:
    """Notes what lies at the source, once an import; False where it has ended or another one is at it."""
    with one_at_a_time(job_id) as alone:
        job = _begin(job_id) if alone else None
        if job is None:
            return False
        if not job.looked_through:
            unpacking = new_unpacking(job_id)
            found, unopened = look_through(job, unpacking)
            _check_given(job, found)
            _note(job, found)
            if unopened:
                raise unopened
            end_import_if_done(job_id=job_id)
    return True


@transaction.atomic
def _begin(job_id: UUID) -> ImportJob | None:
    job = ImportJob.objects.select_for_update().select_related("cohort").filter(pk=job_id).first()
    if job is None or job.state in ENDED:
        return None
    job.state = JobState.RUNNING
    job.save(update_fields=["state"])
    return job


def _note(job: ImportJob, found: Discovery) -> None:
    """An item for each thing found, and a record of each study that is to be read. Items that are there are
    those of an earlier run: of a worker that was lost, or of one that asked for phases."""
    seen = list(job.items.all())
    studies = {i.study_key: i for i in seen if i.study_key}
    refused = {(i.path_sha256, i.code, i.message) for i in seen}
    rows = [_refusal_item(r) for r in found.refused if (r.path_sha256, r.code, r.message) not in refused]
    for study in found.studies:
        key = _key_of(study)
        there = studies.get(key)
        if there is None or there.outcome == ImportOutcome.WAITING:
            keep_record(job_id=job.pk, name=key, found=study)
        if there is None:
            rows.append(_study_item(study, key))
    first = len(seen) + 1
    for ordinal, row in enumerate(rows, start=first):
        row.job, row.ordinal = job, ordinal
    with transaction.atomic():
        ImportItem.objects.bulk_create(rows, batch_size=500)
        job.looked_through = True
        job.total = job.items.count()
        job.done = job.items.exclude(outcome=ImportOutcome.WAITING).count()
        job.save(update_fields=["looked_through", "total", "done"])


def _refusal_item(refusal: Refusal) -> ImportItem:
    return ImportItem(
        outcome=ImportOutcome.REFUSED,
        relative_path=refusal.relative_path,
        path_sha256=refusal.path_sha256,
        code=refusal.code,
        message=refusal.message,
        remedy=refusal.remedy,
        routine=refusal.routine,
        details={"routine": refusal.routine} | _names_files(refusal),  # type: ignore[misc]
    )


def _study_item(study: FoundStudy, key: str) -> ImportItem:
    return ImportItem(
        outcome=ImportOutcome.WAITING,
        study_key=key,
        relative_path=study.relative_path,
        path_sha256=study.path_sha256,
        details=_names_files(study),  # type: ignore[misc]
    )


def _key_of(found: FoundStudy) -> str:
    """Tells the studies of one import apart: copies of one study in two folders are two items."""
    return f"{found.key[:16]}-{found.path_sha256[:16]}"


def _names_files(found: FoundStudy | Refusal) -> dict[str, Any]:
    """Says whether series are called by their files: a text that names one may hold a person's name."""
    if isinstance(found, Refusal):
        named = is_volume_file(Path(found.relative_path))
    else:
        named = any(isinstance(s.source, FileSource) for s in found.acquisitions)
    return {NAMES_FILES: True} if named else {}


def _check_given(job: ImportJob, found: Discovery) -> None:
    known = {s.key for study in found.studies for s in study.acquisitions}
    unknown = sorted(set(job.given_phases) - known)
    if unknown and known:
        raise HarvestError(
            f"There is no series {', '.join(unknown)} here. Series: {', '.join(sorted(known))}.",
            code="unknown_series",
        )


def _teller(job_id: UUID, on_item: OnItem | None) -> Callable[[], None]:
    """Tells of each item once, in the order in which this process sees them settled."""
    told: set[UUID] = set()

    def tell() -> None:
        if on_item is None:
            return
        job = ImportJob.objects.get(pk=job_id)
        settled = job.items.exclude(outcome=ImportOutcome.WAITING)
        for id in list(settled.values_list("pk", flat=True)):
            if id not in told:
                told.add(id)
                job.done = len(told)
                on_item(ImportItem.objects.get(pk=id), job)

    return tell
