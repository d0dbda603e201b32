"""Training runs on their way: claimed by a host, followed, interrupted, ended, gone on with. The processes
are elsewhere (harvest.engine_training and the command supervise_training).

Whoever writes for a running training names its `attempt`: a supervisor that was given up for dead, and whose
run is in other hands, changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from harvest.domain import ENDED, JobState, ModelKind, TrainingSource
from harvest.errors import Conflict, InvalidTransition, NotFound
from harvest.models import DeviceLease, ModelVersion, TrainingChain, TrainingHost, TrainingRun
from harvest.queue import TRAIN, enqueue
from harvest.selectors.versions import promoted
from harvest.services.judging import request_judgement
from harvest.services.turns import take_turn
from harvest.services.versions import register_version

# Interruptions in a row without getting further before a training is given up.
MAX_FRUITLESS = 3
# What an ended training could go on from takes room.
LEFTOVERS_KEPT = timedelta(days=7)
# Messages that ask for a host at once; whoever has no free device drops its message.
MOST_ASKED = 16


@transaction.atomic
def claim(*, host: str, devices: Sequence[str]) -> TrainingRun | None:
    """Gives this host the training that has waited longest of those it has devices for, with as many of its
    free ones; None where there is none. Until that one fits none that came later is taken, so that a training
    on several devices gets them."""
    take_turn("training")
    here, _ = TrainingHost.objects.update_or_create(
        name=host, defaults={"devices": list(devices), "seen_at": timezone.now()}
    )
    taken = set(here.leases.values_list("device", flat=True))
    free = [device for device in devices if device not in taken]
    waits = TrainingRun.objects.select_for_update().filter(state=JobState.QUEUED, devices__lte=len(devices))
    row = waits.order_by("created_at", "pk").first()
    if row is None or row.devices > len(free):
        return None
    DeviceLease.objects.bulk_create(
        DeviceLease(host=here, device=device, run=row) for device in free[: row.devices]
    )
    row.state = JobState.RUNNING
    row.heartbeat_at = timezone.now()
    row.started_at = row.started_at or row.heartbeat_at
    row.attempt += 1
    row.begun_at_step = row.step
    row.leftovers = True
    row.message = "starting"
    row.save(
        update_fields=[
            "state",
            "heartbeat_at",
            "started_at",
            "attempt",
            "begun_at_step",
            "leftovers",
            "message",
        ]
    )
    return row


def beat(*, run: UUID, attempt: int, progress: dict[str, Any] | None = None) -> bool:
    """Writes the heartbeat, and the latest progress line where there is a new one; False where the run is no
    longer in these hands (it was cancelled or given up)."""
    fields: dict[str, Any] = {"heartbeat_at": timezone.now()}
    if progress:
        fields |= {
            "step": int(progress["step"]),
            "total": int(progress["total"]),
            "values": progress.get("values") or {},
            "message": str(progress.get("message", ""))[:300],
        }
    return bool(TrainingRun.objects.filter(pk=run, state=JobState.RUNNING, attempt=attempt).update(**fields))


@transaction.atomic
def succeed(*, run: UUID, attempt: int, weights: Path, result: dict[str, Any]) -> ModelVersion | None:
    """Registers what a training left; None where the run is no longer in these hands.

    Raises:
        PlanError: the weights are not a weights file.
        StorageFull: the disk is full.
    """
    row = _held(run, attempt)
    if row is None:
        return None
    told = ("seed", "code_version", "environment", "cases_sha256", "gold_sha256", "initial_weights_sha256")
    initial = row.initial_version
    measures = hasattr(row, "report_point")
    made = register_version(
        weights=weights,
        metrics=result.get("metrics", {}),
        provenance={
            **_data_of(row),
            "cohort": row.cohort.name,
            "initial_version": initial.name if initial else None,
            "size": row.size,
            "overrides": row.overrides,
            **{key: result.get(key) for key in told},
        },
        parent=initial or promoted(ModelKind(row.kind)),
        release=row.release,
        used_if_first=not measures,
        experimental=measures,
    )
    row.result = made
    if not measures:
        _have_judged(made, row)
    row.message = f"made {made.name}"
    row.leftovers = False
    _end(row, JobState.SUCCEEDED)
    return made


@transaction.atomic
def fail(*, run: UUID, attempt: int, code: str, message: str, lines: Sequence[str] = ()) -> None:
    """Ends a run with what went wrong; `lines` are the last of its log, without paths."""
    row = _held(run, attempt)
    if row is not None:
        row.error = {"code": code, "message": message, "details": {"lines": list(lines)}}
        _end(row, JobState.FAILED)


@transaction.atomic
def interrupt(*, run: UUID, attempt: int, why: str) -> JobState | None:
    """Lets a run whose process was lost wait to go on from its last state; fails it where that has happened
    MAX_FRUITLESS times without a step forward. Returns its state, None where it is in other hands."""
    row = _held(run, attempt)
    if row is None:
        return None
    row.fruitless = 1 if row.step > row.begun_at_step else row.fruitless + 1
    if row.fruitless >= MAX_FRUITLESS:
        row.error = {
            "code": "interrupted",
            "message": f"It was interrupted {row.fruitless} times without getting further. {why} "
            "Mend that, then let it go on.",
            "details": {},
        }
        _end(row, JobState.FAILED)
        return JobState.FAILED
    _queue(row, f"{why} It goes on when a device is free.")
    return JobState.QUEUED


@transaction.atomic
def cancel(*, run: UUID) -> TrainingRun:
    """Ends a run; its process notices within seconds. Raises NotFound, InvalidTransition."""
    row = _locked(run)
    if row.state in ENDED:
        raise InvalidTransition(f"This training has already {row.state}.")
    _end(row, JobState.CANCELLED)
    return row


@transaction.atomic
def resume(*, run: UUID) -> TrainingRun:
    """Lets a failed or cancelled training go on from the last state it left, on the data, settings and first
    weights it began with; from its first step where it left none.

    Raises:
        NotFound: there is no such training.
        InvalidTransition: it has not ended, or it succeeded.
    """
    row = _locked(run)
    if row.state not in (JobState.FAILED, JobState.CANCELLED):
        raise InvalidTransition(f"This training is {row.state}; only a failed or cancelled one can go on.")
    row.error = None
    row.fruitless = 0
    row.finished_at = None
    _queue(row, "waiting to go on")
    if row.chain_id:
        ended = TrainingChain.objects.filter(pk=row.chain_id, state__in=(JobState.FAILED, JobState.CANCELLED))
        ended.update(state=JobState.RUNNING, outcome="", finished_at=None, message=row.message)
    return row


def interrupt_silent() -> list[UUID]:
    """Interrupts the runs whose process has not been heard of for SILENT_SECONDS; returns them."""
    silent = TrainingRun.objects.filter(
        state=JobState.RUNNING, heartbeat_at__lt=timezone.now() - timedelta(seconds=settings.SILENT_SECONDS)
    )
    found = list(silent.values_list("pk", "attempt"))
    why = "The training process stopped without a word: it was killed, or its machine went down."
    return [id for id, attempt in found if interrupt(run=id, attempt=attempt, why=why)]


def ask_hosts() -> None:
    """Asks hosts to take what waits, or just to say that they are there."""
    waits = TrainingRun.objects.filter(state=JobState.QUEUED).count()
    known = TrainingHost.objects.filter(seen_at__gt=timezone.now() - timedelta(hours=1)).count()
    for _ in range(min(max(waits, known, 1), MOST_ASKED)):
        enqueue("take_training", queue=TRAIN)


@transaction.atomic
def forget_old_leftovers() -> list[UUID]:
    """The runs that ended so long ago that nobody will let them go on; their folders may be tidied."""
    old = TrainingRun.objects.filter(
        leftovers=True, state__in=ENDED, finished_at__lt=timezone.now() - LEFTOVERS_KEPT
    )
    ids = list(old.values_list("pk", flat=True))
    TrainingRun.objects.filter(pk__in=ids).update(leftovers=False)
    return ids


def _have_judged(made: ModelVersion, row: TrainingRun) -> None:
    """Asks the gate about what a training made, where there is a gold set and a version it could replace."""
    if row.release and not made.promoted:
        with suppress(Conflict), transaction.atomic():
            request_judgement(version_id=made.pk, release=row.release, owner=row.owner)


def _data_of(row: TrainingRun) -> dict[str, Any]:
    """What a run learnt from, in words, and the release that was its data or judged it."""
    release, data = row.release, None
    if row.learns_from == TrainingSource.SYNTHETIC:
        data = f"Synthetic lesions in unmarked studies of cohort {row.cohort.name}; nobody marked one."
    if release is None:
        return {"data": data}
    data = data or f"Release {release.number} of cohort {row.cohort.name} ({release.manifest_sha256})."
    return {"data": data, "release": release.number, "manifest_sha256": release.manifest_sha256}


def _held(run: UUID, attempt: int) -> TrainingRun | None:
    return (
        TrainingRun.objects.select_for_update(of=("self",))
        .select_related("cohort", "release", "initial_version")
        .filter(pk=run, state=JobState.RUNNING, attempt=attempt)
        .first()
    )


def _locked(run: UUID) -> TrainingRun:
    row = TrainingRun.objects.select_for_update().filter(pk=run).first()
    if row is None:
        raise NotFound("There is no such training.")
    return row


def _queue(row: TrainingRun, message: str) -> None:
    row.state = JobState.QUEUED
    row.message = message[:300]
    row.save(update_fields=["state", "message", "error", "fruitless", "finished_at"])
    row.leases.all().delete()
    enqueue("take_training", queue=TRAIN)


def _end(row: TrainingRun, state: JobState) -> None:
    row.state = state
    row.finished_at = timezone.now()
    row.save(update_fields=["state", "finished_at", "error", "result", "message", "fruitless", "leftovers"])
    row.leases.all().delete()
    enqueue("take_training", queue=TRAIN)
