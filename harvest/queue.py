"""How work is handed to workers. A task takes ids, is safe to run twice, and is sent only after commit.

Tasks are sent by name: tasks call services, so services cannot import tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from kombu.exceptions import OperationalError

from harvest.celery import app
from harvest.errors import RetriableError

# Reading and small things; a study is one task, so that what is short never waits long.
IO = "io"
# Registering: minutes of computing, which must hold up neither reading nor a round.
PREPARE = "prepare"
MODELS = "models"
PROMPT = "prompt"  # short, and a person waits: a worker of models takes them in turn with its own


def task(*, queue: str) -> Callable[[Callable[..., None]], Any]:
    """Declares a task on a named queue; bare Celery decorators are not used in this project."""

    def declare(function: Callable[..., None]) -> Any:
        name = f"harvest.{function.__name__}"
        app.conf.task_routes = {**(app.conf.task_routes or {}), name: {"queue": queue}}
        return app.task(name=name)(function)

    return declare


def enqueue(name: str, *ids: object, queue: str) -> None:
    """Sends the task `harvest.<name>` once the current transaction is committed.

    Raises:
        RetriableError: the broker cannot be reached (at commit).
    """
    transaction.on_commit(lambda: send(name, [str(i) for i in ids], queue))


def send(name: str, ids: list[str], queue: str) -> None:
    try:
        app.send_task(f"harvest.{name}", args=ids, queue=queue)
    except OperationalError as error:
        raise RetriableError(
            "The queue of the workers cannot be reached. See that the broker runs, then start this again.",
            code="broker_down",
        ) from error
