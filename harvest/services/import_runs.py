"""The run of an import job: every study found is taken, known already, refused, or waits for its phases.

Messages and logs name an ordinal and a hash; relative paths go to the row that only its owner may read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import F

from detector.errors import DetectorError, PhaseError
from detector.ingest.archive import unpacking_here
from detector.ingest.found import Discovery, FileSource, FoundStudy, Refusal
from detector.ingest.nifti import is_volume_file
from harvest.domain import NAMES_FILES, SAID_PHASES, ImportOutcome, JobState, Split
from harvest.errors import HarvestError, StorageFull
from harvest.models import ImportItem, ImportJob
from harvest.services.import_roots import look_through
from harvest.services.imports import end_import
from harvest.services.locks import one_at_a_time
from harvest.services.taking import take_study
from harvest.services.thumbnails import forget_thumbnails, keep_thumbnails

log = logging.getLogger(__name__)
OnItem = Callable[[ImportItem, ImportJob], None]


def run_import(*, job_id: UUID, on_item: OnItem | None = None) -> None:
    """Runs a queued import, or goes on with one whose worker was lost; does nothing for an ended one."""
    with one_at_a_time(job_id) as held:
        job = _begin(job_id) if held else None
        if job is None:
            return
        try:
            _run(job, on_item)
        except (HarvestError, DetectorError) as error:
            end_import(
                job_id=job_id,
                state=JobState.FAILED,
                error={"code": error.code, "message": str(error)},
            )
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
            raise
        else:
            end_import(job_id=job_id, state=JobState.SUCCEEDED)


@transaction.atomic
def _begin(job_id: UUID) -> ImportJob | None:
    job = ImportJob.objects.select_for_update().select_related("cohort").filter(pk=job_id).first()
    if job is None or job.state not in (JobState.QUEUED, JobState.RUNNING):
        return None
    job.state = JobState.RUNNING
    job.save(update_fields=["state"])
    return job


def _run(job: ImportJob, on_item: OnItem | None) -> None:
    with unpacking_here() as unpacking:
        found, unopened = look_through(job, unpacking)
        _check_given(job, found)
        # Seen items are those of an earlier run of this job: a lost worker's, or one that asked for phases.
        seen = list(job.items.all())
        settled = {i.study_key for i in seen if i.outcome != ImportOutcome.PHASES_NEEDED}
        said = {i.study_key: i.details.get(SAID_PHASES, {}) for i in seen if i.study_key}
        refused = {(i.path_sha256, i.code, i.message) for i in seen}
        job.total = len(found.studies) + len(found.refused)
        job.save(update_fields=["total"])
        for refusal in found.refused:
            if (refusal.path_sha256, refusal.code, refusal.message) not in refused:
                fields = {
                    "outcome": ImportOutcome.REFUSED,
                    "relative_path": refusal.relative_path,
                    "path_sha256": refusal.path_sha256,
                    "code": refusal.code,
                    "message": refusal.message,
                    "remedy": refusal.remedy,
                    "routine": refusal.routine,
                    "details": {"routine": refusal.routine} | _names_files(refusal),
                }
                _record(job, fields, on_item)
        if unopened:
            raise unopened
        for study in found.studies:
            if _key_of(study) in settled:
                continue
            if not ImportJob.objects.filter(pk=job.pk, state=JobState.RUNNING).exists():
                return
            key = _key_of(study)
            item = _record(job, _outcome_of(job, study, said.get(key, {})), on_item, study_key=key)
            if item.outcome != ImportOutcome.PHASES_NEEDED:
                forget_thumbnails(item.pk)
            elif job.is_upload:  # what a command imports is not asked about on a page
                keep_thumbnails(item=item, series=study.acquisitions)


def _key_of(found: FoundStudy) -> str:
    """Tells the studies of one import apart: copies of one study in two folders are two items."""
    return f"{found.key[:16]}-{found.path_sha256[:16]}"


def _names_files(found: FoundStudy | Refusal) -> dict[str, bool]:
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


def _outcome_of(job: ImportJob, found: FoundStudy, said: Mapping[str, str]) -> dict[str, Any]:
    """Takes a study and says what came of it, as fields of an item; raises StorageFull. What was `said` of
    this study's series counts before what was said of all."""
    fields: dict[str, Any] = {
        "relative_path": found.relative_path,
        "path_sha256": found.path_sha256,
        "details": _names_files(found),
    }
    keys = {s.key for s in found.acquisitions}
    given = said or {key: phase for key, phase in job.given_phases.items() if key in keys}
    try:
        taken = take_study(cohort=job.cohort, found=found, given=given, split=Split(job.split))
    except StorageFull:
        raise
    except DetectorError as error:
        asks = isinstance(error, PhaseError) and "series" in error.details
        return fields | {
            "outcome": ImportOutcome.PHASES_NEEDED if asks else ImportOutcome.REFUSED,
            "code": error.code,
            "message": error.message,
            "remedy": error.remedy,
            "details": fields["details"] | dict(error.details),
        }
    except HarvestError as error:
        return fields | _refused(error.code, error.message, str(error.details.get("remedy", "")))
    except DatabaseError:
        raise
    except Exception as error:
        # One bad study never stops the rest; the text may quote a path or a name, so only the type is kept.
        log.error("import %s: study %s: %s", job.pk, found.path_sha256[:12], type(error).__name__)
        return fields | _refused(
            "internal",
            f"The study could not be read to its end ({type(error).__name__}).",
            "See that its files are whole and readable, then import it again.",
        )
    outcome = ImportOutcome.DUPLICATE if taken.duplicate else ImportOutcome.TAKEN
    message = "This study is in the cohort already." if taken.duplicate else _notes(found)
    return fields | {"outcome": outcome, "study": taken.study, "message": message}


def _notes(found: FoundStudy) -> str:
    """What was done to the slices of a study's series beyond sorting them, "" for nothing."""
    return " ".join(f"Series {s.key}: {s.note}." for s in found.acquisitions if s.note)


def _refused(code: str, message: str, remedy: str) -> dict[str, Any]:
    return {"outcome": ImportOutcome.REFUSED, "code": code, "message": message, "remedy": remedy}


def _record(
    job: ImportJob, fields: dict[str, Any], on_item: OnItem | None, study_key: str = ""
) -> ImportItem:
    blank = {"study": None, "code": "", "message": "", "remedy": ""}
    fields = blank | fields
    with transaction.atomic():
        row = ImportJob.objects.select_for_update().get(pk=job.pk)
        item = row.items.filter(study_key=study_key).first() if study_key else None
        item = item or ImportItem(job=job, ordinal=row.items.count() + 1, study_key=study_key)
        for name, value in fields.items():
            setattr(item, name, value)
        item.save()
        row.done = F("done") + 1
        row.save(update_fields=["done"])
    job.refresh_from_db(fields=["done"])
    log.info("import %s item %d (%s): %s", job.pk, item.ordinal, item.path_sha256[:12], item.outcome)
    if on_item:
        on_item(item, job)
    return item
