"""One study of an import is read: taken, known already, refused, or in need of its phases.

The items of an import are its queue. Whoever reads takes the next one that waits and that nobody else holds,
so that any number may read at once, and a lost reader's study is simply the next one again. Messages and logs
name an ordinal and a hash; relative paths go to the row that only its owner may read.
"""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import F

from detector.errors import DetectorError, PhaseError
from detector.ingest.found import FoundStudy
from harvest.domain import MAX_TRIES, NAMES_FILES, SAID_PHASES, ImportOutcome, JobState, Split
from harvest.errors import HarvestError, StorageFull
from harvest.models import ImportItem, ImportJob
from harvest.services.imports import end_import, end_import_if_done, tidy_import
from harvest.services.locks import one_at_a_time, together
from harvest.services.taking import take_study
from harvest.services.thumbnails import forget_thumbnails, keep_thumbnails
from harvest.services.work_folders import read_record

SITE_LENGTH = 40
log = logging.getLogger(__name__)

# At most as many are held by others as there are readers.
_LOOKED_AT = 256


def read_next(*, job_id: UUID) -> bool:
    """Reads the next study of a running import, and ends the import with its last one; False where nothing
    is left to be read (by this reader). Raises DatabaseError, after which the study waits again."""
    with together(job_id) as here:
        read = here and _read_one(job_id)
        if here:
            end_import_if_done(job_id=job_id)
    if ImportJob.objects.filter(pk=job_id).exclude(state=JobState.RUNNING).exists():
        tidy_import(job_id=job_id)
        return False
    return read


def _read_one(job_id: UUID) -> bool:
    running = ImportJob.objects.filter(pk=job_id, state=JobState.RUNNING, looked_through=True)
    job = running.select_related("cohort").first()
    if job is None:
        return False
    waiting = job.items.filter(outcome=ImportOutcome.WAITING).order_by("ordinal")
    for id in list(waiting.values_list("pk", flat=True)[:_LOOKED_AT]):
        with one_at_a_time(id) as held:
            if held and _read(job, id):
                return True
    return False


def _read(job: ImportJob, item_id: UUID) -> bool:
    """Reads the study of an item whose lock the caller holds; False where that was done meanwhile."""
    item = ImportItem.objects.filter(pk=item_id, outcome=ImportOutcome.WAITING).first()
    if item is None:
        return False
    ImportItem.objects.filter(pk=item_id).update(tries=F("tries") + 1)
    found = None
    if item.tries >= MAX_TRIES:
        fields = _refused(
            "worker_lost",
            "The process that read this study was lost each time; memory may have run out.",
            "Import it alone on a machine with more memory.",
        )
    else:
        try:
            found = read_record(job_id=job.pk, name=item.study_key)
            fields = _outcome_of(job, found, item)
        except StorageFull as error:
            told = {"code": error.code, "message": str(error)}
            end_import(job_id=job.pk, state=JobState.FAILED, error=told)
            return True
        except (HarvestError, DetectorError) as error:
            fields = _refused(error.code, error.message, "Import it again.")
    _settle(item, fields)
    if item.outcome != ImportOutcome.PHASES_NEEDED:
        forget_thumbnails(item.pk)
    elif job.is_upload and found:  # what a command imports is not asked about on a page
        keep_thumbnails(item=item, series=found.acquisitions)
    return True


def _outcome_of(job: ImportJob, found: FoundStudy, item: ImportItem) -> dict[str, Any]:
    """Takes a study and says what came of it, as fields of its item; raises StorageFull. What was said of
    this study's series counts before what was said of all."""
    keys = {s.key for s in found.acquisitions}
    said: dict[str, str] = item.details.get(SAID_PHASES, {})
    given = said or {key: phase for key, phase in job.given_phases.items() if key in keys}
    try:
        taken = take_study(
            cohort=job.cohort,
            found=found,
            given=given,
            split=Split(job.split),
            registration=job.registration,
            site=job.site or job.source_name[:SITE_LENGTH],
        )
    except StorageFull:
        raise
    except DetectorError as error:
        asks = isinstance(error, PhaseError) and "series" in error.details
        return {
            "outcome": ImportOutcome.PHASES_NEEDED if asks else ImportOutcome.REFUSED,
            "code": error.code,
            "message": error.message,
            "remedy": error.remedy,
            "details": dict(error.details),
        }
    except HarvestError as error:
        return _refused(error.code, error.message, str(error.details.get("remedy", "")))
    except DatabaseError:
        raise
    except Exception as error:
        # One bad study never stops the rest; the text may quote a path or a name, so only the type is kept.
        log.error("import %s: study %s: %s", job.pk, found.path_sha256[:12], type(error).__name__)
        return _refused(
            "internal",
            f"The study could not be read to its end ({type(error).__name__}).",
            "See that its files are whole and readable, then import it again.",
        )
    # A process that was killed after it took the study, and before it said so, took it for this import.
    ours = bool(item.tries) and taken.study.created_at >= job.created_at
    duplicate = taken.duplicate and not ours
    outcome = ImportOutcome.DUPLICATE if duplicate else ImportOutcome.TAKEN
    message = "This study is in the cohort already." if duplicate else _notes(found, taken.note)
    return {"outcome": outcome, "study": taken.study, "message": message}


def _notes(found: FoundStudy, note: str) -> str:
    """What was done to the slices of a study's series beyond sorting them and what of it was left, "" for
    nothing."""
    series = [f"Series {s.key}: {s.note}." for s in found.acquisitions if s.note]
    return " ".join([*series, note] if note else series)


def _refused(code: str, message: str, remedy: str) -> dict[str, Any]:
    return {"outcome": ImportOutcome.REFUSED, "code": code, "message": message, "remedy": remedy}


def _settle(item: ImportItem, fields: dict[str, Any]) -> None:
    names_files = {NAMES_FILES: True} if item.details.get(NAMES_FILES) else {}
    blank: dict[str, Any] = {"study": None, "code": "", "message": "", "remedy": "", "details": {}}
    for name, value in (blank | fields).items():
        setattr(item, name, value)
    item.details = names_files | item.details
    with transaction.atomic():
        row = ImportJob.objects.select_for_update().get(pk=item.job_id)
        item.save(update_fields=["outcome", *blank])
        row.done = F("done") + 1
        row.save(update_fields=["done"])
    log.info("import %s item %d (%s): %s", item.job_id, item.ordinal, item.path_sha256[:12], item.outcome)
