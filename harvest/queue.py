"""How work is handed to workers. A task takes ids, is safe to run twice, and is sent only after commit.

A message is a hint: what is to be done is a row. It is acknowledged as soon as a worker takes it, so no task
can outlast the broker's visibility timeout and come twice; what a lost worker was at is found by its row and
sent again by beat (docs/decisions/0027-messages-are-hints.md).

Tasks are sent by name: tasks call services, so services cannot import tasks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction
from kombu.exceptions import OperationalError

from harvest.celery import app

log = logging.getLogger(__name__)

IO = "io"  # reading and small things; a study is one task, so that what is short never waits long
PREPARE = "prepare"  # registering: minutes of computing, which must hold up neither reading nor a round
RENDER = "render"  # a person waits for an image
INFER = "infer"  # networks on one study
TRAIN = "train"  # a host with a free device takes the training that has waited longest
QUEUES = (IO, PREPARE, RENDER, INFER, TRAIN)


def task(*, queue: str) -> Callable[[Callable[..., None]], Any]:
    """Declares a task on a named queue; bare Celery decorators are not used in this project."""

    def declare(function: Callable[..., None]) -> Any:
        name = f"harvest.{function.__name__}"
        app.conf.task_routes = {**(app.conf.task_routes or {}), name: {"queue": queue}}
        return app.task(name=name)(function)

    return declare


def enqueue(name: str, *ids: object, queue: str) -> None:
    """Sends the task `harvest.<name>` once the current transaction is committed. A broker that is down is no
    reason to refuse a person's click: beat sends what waits again."""
    transaction.on_commit(lambda: send(name, [str(i) for i in ids], queue))


def send(name: str, ids: list[str], queue: str) -> None:
    try:
        app.send_task(f"harvest.{name}", args=ids, queue=queue)
    except OperationalError:
        log.warning("the broker cannot be reached: %s is sent later", name)


def waiting(queue: str) -> int | None:
    """How many messages of a queue no worker has taken; None where the broker cannot be reached."""
    try:
        with app.connection_for_read() as held:
            held.ensure_connection(max_retries=1, interval_start=0)
            return int(held.default_channel.queue_declare(queue).message_count)
    except OperationalError:
        return None
