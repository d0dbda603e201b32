"""Which cohort a thing of a URL belongs to."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Model

from harvest.models import (
    Candidate,
    Cohort,
    DatasetRelease,
    HarvestRound,
    ImportItem,
    ImportJob,
    LabelImport,
    Lesion,
    ReleaseExport,
    RoundReport,
    RoundStudy,
    Study,
    TrainingChain,
    TrainingRun,
    TrainingSchedule,
)

# The first word of a URL -> the rows it names, and the way from such a row to its cohort's id.
_WAYS: dict[str, tuple[type[Model], str]] = {
    "cohorts": (Cohort, "id"),
    "dicom-web": (Cohort, "id"),
    "studies": (Study, "cohort_id"),
    "imports": (ImportJob, "cohort_id"),
    "import-items": (ImportItem, "job__cohort_id"),
    "labels": (LabelImport, "cohort_id"),
    "lesions": (Lesion, "study__cohort_id"),
    "rounds": (HarvestRound, "cohort_id"),
    "round-studies": (RoundStudy, "round__cohort_id"),
    "candidates": (Candidate, "round_study__round__cohort_id"),
    "training-runs": (TrainingRun, "cohort_id"),
    "schedules": (TrainingSchedule, "cohort_id"),
    "releases": (DatasetRelease, "cohort_id"),
    "exports": (ReleaseExport, "release__cohort_id"),
    "chains": (TrainingChain, "cohort_id"),
    "reports": (RoundReport, "round__cohort_id"),
}
IN_A_COHORT = frozenset(_WAYS)


def cohort_of(kind: str, id: UUID) -> UUID | None:
    """The cohort of a thing, in one query; None where there is no such thing.

    Raises:
        KeyError: things of that kind belong to no cohort.
    """
    model, way = _WAYS[kind]
    found: UUID | None = model._default_manager.filter(pk=id).values_list(way, flat=True).first()
    return found
