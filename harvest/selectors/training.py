"""Trainings and schedules."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from harvest.errors import NotFound
from harvest.models import TrainingRun, TrainingSchedule


def training_runs(cohort: UUID) -> QuerySet[TrainingRun]:
    return _rows().filter(cohort_id=cohort)


def training_run(id: UUID) -> TrainingRun:
    """One run; raises NotFound."""
    found = _rows().filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such training.")
    return found


def schedules(cohort: UUID) -> QuerySet[TrainingSchedule]:
    return TrainingSchedule.objects.filter(cohort_id=cohort)


def _rows() -> QuerySet[TrainingRun]:
    return TrainingRun.objects.select_related("release", "result", "initial_version", "owner")
