"""A task that outlasts the broker's visibility timeout six times: a real broker, two real workers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from celery import Celery

from harvest.stack.embedded import broker

TASKS = 3


def deliveries(folder: Path, *, late: bool) -> Counter[str]:
    """How often each of TASKS tasks was begun, by two workers of one process each."""
    env = {**os.environ, "SLOW_OUT": str(folder / "begun"), "SLOW_LATE": "1" if late else ""}
    # A deep folder's socket would be put elsewhere; the test's own is short enough.
    server, url = broker(folder / "broker", log=folder / "broker.log", env=env)
    env["SLOW_BROKER"] = url
    server.start()
    workers = []
    try:
        with Celery(broker=url) as app:
            for number in range(TASKS):
                app.send_task("slow", args=[number], queue="slow")
        begun = folder / "begun"
        for name in ("one", "two"):
            argv = ["worker", "-Q", "slow", "-c", "1", "-n", name, "--without-gossip", "--without-mingle"]
            with (folder / f"{name}.log").open("w") as log:
                command = [sys.executable, "-m", "celery", "-A", "tests.harvest.slow_tasks", *argv]
                workers.append(subprocess.Popen(command, env=env, stdout=log, stderr=log))
            # A worker that starts puts back what has been held for longer than the timeout.
            _wait(lambda: begun.exists())
            time.sleep(2)
        _wait(lambda: len(set(begun.read_text().split())) == TASKS)
        time.sleep(8)  # for what would come again
        return Counter(begun.read_text().split())
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(30)
        server.stop(grace_seconds=2)


def _wait(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not done() and time.monotonic() < until:
        time.sleep(0.1)


@pytest.mark.parametrize(("late", "again"), [(False, False), (True, True)])
def test_a_task_that_outlasts_the_visibility_timeout_comes_once(late: bool, again: bool) -> None:
    """Acknowledged late, as Celery's guides advise for tasks that may run twice, it does come again."""
    with tempfile.TemporaryDirectory(prefix="hvd") as folder:
        begun = deliveries(Path(folder), late=late)
    assert set(begun) == {str(number) for number in range(TASKS)}
    assert (max(begun.values()) > 1) == again, begun
