"""`manage.py supervise_training RUN_ID ATTEMPT`: follows one training process to its end. Started by a
worker."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import InterfaceError, OperationalError, connection

from harvest import engine_training, store
from harvest.domain import JobState, ModelKind, TrainingSource
from harvest.engine_training import Training, failure, log_tail, lost
from harvest.errors import StoreUnreachable
from harvest.management.base import HarvestCommand, Report, described
from harvest.models import TrainingRun
from harvest.selectors.manifest import unmarked_of
from harvest.selectors.releases import manifest
from harvest.selectors.training import training_run
from harvest.services import supervision, training

Answer = TypeVar("Answer")
BEAT_SECONDS = 2.0
# Unheard for this part of SILENT_SECONDS, others may soon take the run over: its process is ended before.
DEAF_SHARE = 2 / 3
PATIENCE_SECONDS = 600.0
DOWN = (OperationalError, InterfaceError)


class Stopped(Exception):
    """SIGTERM: the installation is being stopped."""


class Deaf(Exception):
    """The database was not reached for too long."""


class Command(HarvestCommand):
    help = "follows one training process to its end (started by a worker)"
    audited = None

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=UUID)
        parser.add_argument("attempt", type=int)

    def run(self, options: dict[str, Any]) -> Report:
        id, attempt = options["run"], options["attempt"]
        row = _patiently(lambda: training_run(id))
        if row.state != JobState.RUNNING or row.attempt != attempt:
            return Report({"state": row.state})
        before = signal.signal(signal.SIGTERM, _stop)
        try:
            supervise(row)
        finally:
            signal.signal(signal.SIGTERM, before)
        state = _patiently(lambda: training_run(id)).state
        return Report({"state": state}, [f"training {state}"])


def supervise(row: TrainingRun) -> None:
    """Whatever happens, the row says in the end how it went, or somebody else finds it silent."""
    id, attempt = row.pk, row.attempt
    process = Training(engine_training.folder_of(id), _patiently(lambda: _devices(row)))
    try:
        follow(row, process)
    except Stopped:
        # The row first: whoever stops Harvest does not wait long.
        supervision.interrupt(run=id, attempt=attempt, why="Harvest was stopped while this ran.")
        process.stop()
    except Deaf:
        process.stop()
    except Exception as error:
        process.stop()
        code, message, _ = described(error)
        lines = log_tail(id)
        _patiently(lambda: supervision.fail(run=id, attempt=attempt, code=code, message=message, lines=lines))


def follow(row: TrainingRun, process: Training) -> None:
    """Starts the process and stays with it until it ends or is no longer wanted."""
    id, attempt = row.pk, row.attempt
    start(row, process)
    heard, deaf = time.monotonic(), DEAF_SHARE * settings.SILENT_SECONDS
    while (code := process.wait(BEAT_SECONDS)) is None:
        match _beat(row, process):
            case True:
                heard = time.monotonic()
            case False:
                process.stop()
                return
            case None if time.monotonic() - heard > deaf:
                raise Deaf
    _beat(row, process)
    if code == 0:
        weights, result = process.result()
        _patiently(
            lambda: supervision.succeed(run=id, attempt=attempt, weights=weights, result=result),
            lambda: _beat(row, process),
        )
        engine_training.tidy(id)
        return
    lines = log_tail(id)
    if why := lost(code, lines):
        _patiently(lambda: supervision.interrupt(run=id, attempt=attempt, why=why))
    else:
        name, message = failure(code, lines)
        _patiently(lambda: supervision.fail(run=id, attempt=attempt, code=name, message=message, lines=lines))


def start(row: TrainingRun, process: Training) -> None:
    """Starts the process of a run on what it learns from."""
    began, release_row = row.initial_version, row.release
    initial = _patiently(lambda: store.path(began.store_key), lambda: _beat(row, process)) if began else None
    release = _patiently(lambda: manifest(release_row), lambda: _beat(row, process)) if release_row else None
    if row.learns_from == TrainingSource.SYNTHETIC:
        process.start_cold(
            unmarked_of(row.cohort),
            release,
            size=row.size,
            overrides=row.overrides,
            initial_weights=initial,
        )
    elif release and row.learns_from == TrainingSource.OUT_OF_FOLD:
        process.start_out_of_fold(release, size=row.size, overrides=row.overrides, initial_weights=initial)
    elif release:
        process.start(
            release,
            kind=ModelKind(row.kind),
            family=training.FAMILIES[ModelKind(row.kind)],
            size=row.size,
            overrides=row.overrides,
            initial_weights=initial,
        )


def _devices(row: TrainingRun) -> list[str]:
    return sorted(row.leases.values_list("device", flat=True)) or ["cpu:0"]


def _beat(row: TrainingRun, process: Training) -> bool | None:
    """Whether the run is still in these hands; None where the database did not hear: it may be starting
    again."""
    try:
        return supervision.beat(run=row.pk, attempt=row.attempt, progress=process.progress())
    except DOWN:
        connection.close()
        return None


def _patiently(ask: Callable[[], Answer], meanwhile: Callable[[], object] = lambda: None) -> Answer:
    """What the database or the bucket answers, waiting minutes for one that is down; `meanwhile` is called
    while the bucket is, so that nobody takes the run for lost."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except DOWN:
            connection.close()
            if time.monotonic() > until:
                raise
        except StoreUnreachable:
            if time.monotonic() > until:
                raise
            meanwhile()
        time.sleep(BEAT_SECONDS)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise Stopped
