"""Schedules: rows that people edit, each with its entry in Celery beat, written in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from harvest.domain import ENDED, ModelKind
from harvest.errors import Conflict, HarvestError, NotFound
from harvest.models import Cohort, TrainingRun, TrainingSchedule
from harvest.queue import INFER, IO, PREPARE
from harvest.services import training
from harvest.services.turns import take_turn

# What beat always does, whatever people schedule: beat entry -> (task, queue, seconds).
STANDING = {
    "harvest watchdog": ("watch_trainings", IO, 10),
    "harvest rounds": ("watch_rounds", IO, 15),
    "harvest imports": ("watch_imports", IO, 15),
    "harvest preparations": ("prepare_studies", PREPARE, 5),
    "harvest characterizations": ("characterize_lesions", INFER, 30),
    "harvest network": ("watch_network", IO, 30),
}


def ensure_standing_entries() -> None:
    """The beat entries that look after trainings, imports and the network, prepare studies and characterize
    lesions."""
    for name, (task, queue, seconds) in STANDING.items():
        interval, _ = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
        # A message that nobody took in time is dropped: the next one does the same.
        defaults = {"interval": interval, "queue": queue, "expire_seconds": seconds}
        PeriodicTask.objects.update_or_create(name=name, defaults={"task": f"harvest.{task}", **defaults})


@transaction.atomic
def create_schedule(
    *,
    cohort: UUID,
    kinds: Sequence[str],
    every_minutes: int,
    size: str = training.DEFAULT_SIZE,
    overrides: dict[str, Any] | None = None,
    enabled: bool = True,
) -> TrainingSchedule:
    """A schedule with its beat entry; raises NotFound, Conflict without a kind, HarvestError for overrides
    that are not plain values."""
    if not Cohort.objects.filter(pk=cohort).exists():
        raise NotFound("There is no such cohort.")
    training.check_overrides(overrides or {})
    row = TrainingSchedule.objects.create(
        cohort_id=cohort,
        kinds=_ordered(kinds),
        size=size,
        overrides=overrides or {},
        every_minutes=every_minutes,
        enabled=enabled,
    )
    row.periodic_task = PeriodicTask.objects.create(
        name=f"training schedule {row.pk}",
        task="harvest.scheduled_training",
        interval=_interval(every_minutes),
        args=json.dumps([str(row.pk)]),
        queue=IO,
        expire_seconds=every_minutes * 60,
        enabled=enabled,
    )
    row.save(update_fields=["periodic_task"])
    return row


@transaction.atomic
def update_schedule(*, schedule: UUID, **given: Any) -> TrainingSchedule:
    """Changes what is given of kinds, size, overrides, every_minutes, enabled, and the beat entry with it."""
    row = _locked(schedule)
    if "kinds" in given:
        given["kinds"] = _ordered(given["kinds"])
    training.check_overrides(given.get("overrides", {}))
    for name, value in given.items():
        setattr(row, name, value)
    row.save(update_fields=list(given))
    entry = row.periodic_task
    if entry is not None:
        entry.interval = _interval(row.every_minutes)
        entry.expire_seconds = row.every_minutes * 60
        entry.enabled = row.enabled
        entry.save()
    return row


@transaction.atomic
def delete_schedule(*, schedule: UUID) -> None:
    """Takes a schedule and its beat entry away; the runs it started stay."""
    row = _locked(schedule)
    entry = row.periodic_task
    row.delete()
    if entry is not None:
        entry.delete()


def fire_schedule(*, schedule: UUID) -> list[TrainingRun]:
    """Starts what a schedule asks for, and writes down what came of it, also where that is nothing."""
    with transaction.atomic():
        take_turn(f"schedule {schedule}")
        row = TrainingSchedule.objects.select_for_update().filter(pk=schedule).first()
        if row is None or not row.enabled:
            return []
        try:
            with transaction.atomic():
                runs, outcome = _fire(row)
        except HarvestError as error:
            runs, outcome = [], f"Nothing started: {error.message}"
        row.last_fired_at = timezone.now()
        row.last_outcome = outcome[:300]
        row.save(update_fields=["last_fired_at", "last_outcome"])
        return runs


def _fire(row: TrainingSchedule) -> tuple[list[TrainingRun], str]:
    waiting = TrainingRun.objects.filter(cohort=row.cohort, kind__in=row.kinds).exclude(state__in=ENDED)
    if waiting.exists():
        return [], "Nothing started: the training before this one has not ended yet."
    release = training.release_to_learn_from(cohort=row.cohort_id, owner=None)
    fresh = [kind for kind in row.kinds if not training.learned(release, kind, row.size, row.overrides)]
    if not fresh:
        return [], f"Nothing started: nothing new was curated since release {release.number}."
    # A kind that cannot learn yet does not hold up the others.
    obstacles = {kind: training.obstacle(release, ModelKind(kind)) for kind in fresh}
    able = [kind for kind in fresh if obstacles[kind] is None]
    reasons = " ".join(reason for reason in obstacles.values() if reason)
    if not able:
        return [], f"Nothing started: {reasons}"
    runs = training.request_training(
        cohort=row.cohort_id, kinds=able, size=row.size, overrides=row.overrides, reason="schedule"
    )
    return runs, f"Started {', '.join(able)} on release {release.number}. {reasons}".strip()


def _ordered(kinds: Sequence[str]) -> list[str]:
    asked = set(kinds)
    if not asked:
        raise Conflict("Name at least one kind of model to train.", code="no_kind")
    return [kind.value for kind in ModelKind if kind in asked]


def _interval(minutes: int) -> IntervalSchedule:
    return IntervalSchedule.objects.get_or_create(every=minutes, period=IntervalSchedule.MINUTES)[0]


def _locked(schedule: UUID) -> TrainingSchedule:
    row = (
        TrainingSchedule.objects.select_for_update(of=("self",))
        .select_related("periodic_task")
        .filter(pk=schedule)
        .first()
    )
    if row is None:
        raise NotFound("There is no such schedule.")
    return row
