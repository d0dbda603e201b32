"""Tasks of trainings and their schedules."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from harvest import engine_training
from harvest.queue import IO, TRAIN, task
from harvest.services import chains, reports, schedules, supervision


@task(queue=TRAIN)
def take_training() -> None:
    """Starts the supervisor of the training that this host may take; a message too many takes nothing."""
    run = supervision.claim(host=settings.HOST, devices=settings.TRAIN_DEVICES)
    if run is None:
        return
    try:
        engine_training.start_supervisor(run.pk, run.attempt)
    except OSError:
        supervision.interrupt(
            run=run.pk, attempt=run.attempt, why="The training process could not be started."
        )


@task(queue=IO)
def watch_trainings() -> None:
    """Lets runs whose process is gone wait again, moves chains on, asks hosts to take what waits, tidies."""
    for run in supervision.interrupt_silent():
        engine_training.end_processes(run)
    chains.move_chains_on()
    reports.move_reports_on()
    schedules.fire_after_quiet_hours()
    supervision.ask_hosts()
    for run in supervision.forget_old_leftovers():
        engine_training.tidy(run)


@task(queue=IO)
def scheduled_training(schedule: str) -> None:
    """Beat calls this when a schedule is due."""
    schedules.fire_schedule(schedule=UUID(schedule))
