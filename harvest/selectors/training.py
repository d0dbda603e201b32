"""Trainings and schedules."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from harvest.domain import JobState, Split
from harvest.errors import NotFound
from harvest.models import TrainingChain, TrainingRun, TrainingSchedule
from harvest.selectors.manifest import unmarked
from harvest.selectors.studies import lesions_that_stand

LISTED_CHAINS = 5


def training_runs(cohort: UUID) -> QuerySet[TrainingRun]:
    return _rows().filter(cohort_id=cohort)


def training_run(id: UUID) -> TrainingRun:
    """One run; raises NotFound."""
    found = _rows().filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such training.")
    return found


def glance(id: UUID) -> dict[str, Any]:
    """{"state", "step", "message"}: whether a page that shows the run should look again."""
    row = TrainingRun.objects.values("state", "step", "message").filter(pk=id).first()
    return dict(row) if row else {"state": JobState.CANCELLED, "step": 0, "message": ""}


def cold_start(cohort: UUID) -> dict[str, int]:
    """{"studies": unmarked ones with a liver, "lesions": what people have marked in the pool}."""
    lesions = lesions_that_stand().filter(study__cohort_id=cohort, study__subject__split=Split.POOL)
    return {"studies": unmarked(cohort).count(), "lesions": lesions.count()}


def chains(cohort: UUID) -> list[TrainingChain]:
    """The latest chains of a cohort, newest first."""
    return list(_chains().filter(cohort=cohort).order_by("-created_at")[:LISTED_CHAINS])


def chain(id: UUID) -> TrainingChain:
    """One chain; raises NotFound."""
    found = _chains().filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such chain of trainings.")
    return found


def schedules(cohort: UUID) -> QuerySet[TrainingSchedule]:
    return TrainingSchedule.objects.filter(cohort_id=cohort)


def schedule(id: UUID) -> TrainingSchedule:
    """One schedule; raises NotFound."""
    found = TrainingSchedule.objects.select_related("cohort").filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such schedule.")
    return found


def _chains() -> QuerySet[TrainingChain]:
    runs = Prefetch("runs", TrainingRun.objects.order_by("created_at"))
    return TrainingChain.objects.select_related("release", "owner").prefetch_related(runs)


def _rows() -> QuerySet[TrainingRun]:
    return TrainingRun.objects.select_related("release", "result", "initial_version", "owner")
