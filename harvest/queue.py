"""How work is handed to workers. A task takes ids, is safe to run twice, and is sent only after commit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import transaction

from harvest.celery import app

IO = "io"
MODELS = "models"


def task(*, queue: str) -> Callable[[Callable[..., None]], Any]:
    """Declares a task on a named queue; bare Celery decorators are not used in this project."""

    def declare(function: Callable[..., None]) -> Any:
        return app.task(name=f"harvest.{function.__name__}", queue=queue)(function)

    return declare


def enqueue(declared: Any, *ids: str) -> None:
    """Sends a task once the current transaction is committed."""
    transaction.on_commit(partial(declared.delay, *[str(i) for i in ids]))
