"""Tasks of trainings and their schedules."""

from __future__ import annotations

from uuid import UUID

from harvest import engine_training
from harvest.queue import IO, MODELS, task
from harvest.services import schedules, training


@task(queue=MODELS)
def start_training(run: str) -> None:
    """Starts the supervisor of a queued run where no other runs; a second delivery finds nothing to claim."""
    if not training.claim(run=UUID(run)):
        return
    try:
        engine_training.start_supervisor(UUID(run))
    except OSError:
        training.fail(
            run=UUID(run), code="not_started", message="The training process could not be started. Try again."
        )


@task(queue=IO)
def watch_trainings() -> None:
    """Ends runs whose process is gone, and starts the next that waits."""
    for run in training.end_silent():
        engine_training.end_orphan(run)
    training.start_waiting()


@task(queue=IO)
def scheduled_training(schedule: str) -> None:
    """Beat calls this when a schedule is due."""
    schedules.fire_schedule(schedule=UUID(schedule))
