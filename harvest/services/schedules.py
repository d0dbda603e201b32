"""Schedules: rows that people edit, each with its entry in Celery beat, written in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import time
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from harvest.domain import ENDED, Condition, ModelKind
from harvest.errors import Conflict, HarvestError, NotFound
from harvest.models import Cohort, TrainingRun, TrainingSchedule
from harvest.queue import INFER, IO, PREPARE
from harvest.selectors.outlook import Standing, learned, obstacle, standing
from harvest.selectors.outlook import quiet_until as quiet_until_of
from harvest.selectors.releases import manifest
from harvest.services import chains, training
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
    condition: Condition = Condition.EVERY,
    amount: float | None = None,
    quiet_from: time | None = None,
    quiet_until: time | None = None,
    enabled: bool = True,
    chained: bool = False,
    owner: User | None = None,
) -> TrainingSchedule:
    """A schedule with its beat entry; raises NotFound, Conflict without a kind, HarvestError for overrides
    that are not plain values."""
    if not Cohort.objects.filter(pk=cohort).exists():
        raise NotFound("There is no such cohort.")
    training.check_overrides(overrides or {})
    _check(condition, amount, (quiet_from, quiet_until))
    row = TrainingSchedule.objects.create(
        cohort_id=cohort,
        kinds=_ordered(kinds),
        size=size,
        overrides=overrides or {},
        every_minutes=every_minutes,
        condition=condition,
        amount=amount,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        enabled=enabled,
        chained=chained,
        owner=owner,
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
    """Changes what is given of the arguments of create_schedule, and the beat entry with it."""
    row = _locked(schedule)
    if "kinds" in given:
        given["kinds"] = _ordered(given["kinds"])
    training.check_overrides(given.get("overrides", {}))
    for name, value in given.items():
        setattr(row, name, value)
    _check(row.condition, row.amount, (row.quiet_from, row.quiet_until))
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
    """Starts what a schedule asks for where its condition holds and it is not quiet, and writes down what
    came of it, also where that is nothing."""
    with transaction.atomic():
        take_turn(f"schedule {schedule}")
        row = TrainingSchedule.objects.select_for_update().filter(pk=schedule).first()
        if row is None or not row.enabled:
            return []
        runs: list[TrainingRun] = []
        until = quiet_until_of(row)
        now = standing(row)
        row.waits_for_quiet = bool(now.due and until)
        if not now.due:
            outcome = f"Nothing started: {now.why}"
        elif until:
            outcome = f"Nothing started: these are quiet hours. It starts at {until}."
        else:
            try:
                with transaction.atomic():
                    runs, outcome = _fire(row, now)
            except HarvestError as error:
                outcome = f"Nothing started: {error.message}"
        row.last_fired_at = timezone.now()
        row.last_started_at = row.last_fired_at if runs else row.last_started_at
        row.last_outcome = outcome[:300]
        row.save(update_fields=["last_fired_at", "last_started_at", "last_outcome", "waits_for_quiet"])
        return runs


def fire_after_quiet_hours() -> None:
    """Fires the schedules that were due in quiet hours which have ended."""
    for row in TrainingSchedule.objects.filter(enabled=True, waits_for_quiet=True):
        if quiet_until_of(row) is None:
            fire_schedule(schedule=row.pk)


def _fire(row: TrainingSchedule, now: Standing) -> tuple[list[TrainingRun], str]:
    waiting = TrainingRun.objects.filter(cohort=row.cohort, kind__in=row.kinds).exclude(state__in=ENDED)
    if waiting.exists():
        return [], "Nothing started: the training before this one has not ended yet."
    release = training.release_to_learn_from(cohort=row.cohort_id, owner=None)
    sha256, frozen = release.manifest_sha256, manifest(release)
    fresh = [k for k in row.kinds if not learned(row.cohort_id, sha256, k, row.size, row.overrides)]
    if not fresh:
        return [], f"Nothing started: nothing new was curated since release {release.number}."
    # A kind that cannot learn yet does not hold up the others.
    obstacles = {kind: obstacle(frozen, ModelKind(kind)) for kind in fresh}
    able = [kind for kind in fresh if obstacles[kind] is None]
    reasons = " ".join(reason for reason in obstacles.values() if reason)
    if not able:
        return [], f"Nothing started: {reasons}"
    reason = "schedule" if row.condition == Condition.EVERY else now.why
    asked: dict[str, Any] = {"size": row.size, "overrides": row.overrides, "reason": reason}
    if row.chained:
        chain = chains.request_chain(cohort=row.cohort_id, kinds=able, owner=row.owner, **asked)
        runs = list(chain.runs.all())
    else:
        runs = training.request_training(cohort=row.cohort_id, kinds=able, **asked)
    names = ", ".join(able)
    if row.chained:
        return runs, f"Started a chain of {names} on release {release.number}. {reasons}".strip()
    return runs, f"Started {names} on release {release.number}. {reasons}".strip()


def _check(condition: str, amount: float | None, quiet: Sequence[Any]) -> None:
    if condition == Condition.EVERY:
        return _check_quiet(quiet)
    if amount is None or amount <= 0:
        raise HarvestError("Say how much the schedule waits for.", code="no_amount")
    if condition == Condition.AGREEMENT and amount > 1:
        raise HarvestError("An agreement is a share between 0 and 1.", code="no_amount")
    return _check_quiet(quiet)


def _check_quiet(quiet: Sequence[Any]) -> None:
    if (quiet[0] is None) != (quiet[1] is None) or (quiet[0] is not None and quiet[0] == quiet[1]):
        raise HarvestError("Quiet hours need a beginning and another end.", code="quiet_hours")


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
