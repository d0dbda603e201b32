"""The real Celery application, tasks and services, with a sleep in place of images and of the model."""

from __future__ import annotations

import sys
import time
from typing import Any

from harvest.celery import app

TASK_SECONDS = 5.0


def simulate() -> None:
    """Puts a sleep where a study's images are read, and nothing where its tiles are drawn."""
    from harvest.services import round_runs

    def sleep(*arguments: Any) -> list[Any]:
        assert "torch" not in sys.modules, "a worker of the simulation has imported torch"
        time.sleep(TASK_SECONDS)
        return []

    round_runs.engine.study_images = lambda study: None  # type: ignore[assignment,return-value]
    round_runs._candidates = sleep  # type: ignore[assignment]
    round_runs._render = lambda *arguments: None  # type: ignore[assignment]


app.on_after_finalize.connect(lambda **_: simulate(), weak=False)
