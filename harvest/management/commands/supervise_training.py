"""`manage.py supervise_training RUN_ID`: follows one training process to its end. Started by a worker."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.db import InterfaceError, OperationalError, connection

from harvest import engine_training, store
from harvest.domain import JobState, ModelKind, TrainingSource
from harvest.engine_training import Training, failure, log_tail
from harvest.management.base import HarvestCommand, Report, described
from harvest.models import TrainingRun
from harvest.selectors.manifest import unmarked_of
from harvest.selectors.releases import manifest
from harvest.selectors.training import training_run
from harvest.services import training as services

BEAT_SECONDS = 2


class Stopped(Exception):
    """SIGTERM: the installation is being stopped."""


class Command(HarvestCommand):
    help = "follows one training process to its end (started by a worker)"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=UUID)

    def run(self, options: dict[str, Any]) -> Report:
        id: UUID = options["run"]
        row = training_run(id)
        if row.state != JobState.RUNNING:
            return Report({"state": row.state})
        before = signal.signal(signal.SIGTERM, _stop)
        try:
            self.supervise(row)
        finally:
            signal.signal(signal.SIGTERM, before)
        state = training_run(id).state
        return Report({"state": state}, [f"training {state}"])

    def supervise(self, row: TrainingRun) -> None:
        """Whatever happens, the row says in the end how it went."""
        id = row.pk
        process = Training(engine_training.folder_of(id))
        try:
            self.follow(row, process)
        except Stopped:
            # The row first: whoever stops Harvest does not wait long.
            services.fail(
                run=id,
                code="stopped",
                message="Harvest was stopped while this ran. Start the training again.",
            )
            process.stop()
        except Exception as error:
            process.stop()
            code, message, _ = described(error)
            services.fail(run=id, code=code, message=message, lines=log_tail(id))
        else:
            services.start_waiting()
        finally:
            process.tidy()

    def follow(self, row: TrainingRun, process: Training) -> None:
        """Starts the process and stays with it until it ends or is no longer wanted."""
        initial = store.path(row.initial_version.store_key) if row.initial_version else None
        release = manifest(row.release) if row.release else None
        if row.learns_from == TrainingSource.SYNTHETIC:
            process.start_cold(
                unmarked_of(row.cohort),
                release,
                size=row.size,
                overrides=row.overrides,
                initial_weights=initial,
            )
        elif release:
            process.start(
                release,
                kind=ModelKind(row.kind),
                family=services.FAMILIES[ModelKind(row.kind)],
                size=row.size,
                overrides=row.overrides,
                initial_weights=initial,
            )
        while (code := process.wait(BEAT_SECONDS)) is None:
            if not _beat(row.pk, process):
                process.stop()
                return
        _beat(row.pk, process)
        if code == 0:
            weights, result = process.result()
            services.succeed(run=row.pk, weights=weights, result=result)
        else:
            lines = log_tail(row.pk)
            services.fail(
                run=row.pk, **dict(zip(("code", "message"), failure(code, lines), strict=True)), lines=lines
            )


def _beat(run: UUID, process: Training) -> bool:
    """A beat that the database did not hear is no reason to stop: it may be starting again."""
    try:
        return services.beat(run=run, progress=process.progress())
    except (OperationalError, InterfaceError):
        connection.close()
        return True


def _stop(signum: int, frame: FrameType | None) -> None:
    raise Stopped
