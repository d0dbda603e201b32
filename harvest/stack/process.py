"""A child process that is watched: its log, its crash said aloud and mended, its whole tree stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

# The first deaths within a minute are mended at once; after that each waits longer, up to half a minute.
PROMPT_RESTARTS = 5
LONGEST_PAUSE_S = 30.0


class Process:
    """One long-running child in a session of its own, so that Ctrl-C reaches the launcher alone."""

    def __init__(
        self, name: str, argv: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path
    ) -> None:
        self.name, self.argv, self.log, self.env, self.cwd = name, list(argv), log, dict(env), cwd
        self.deaths: list[float] = []
        self._groups: list[int] = []
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
            )
        self._groups.append(self._child.pid)

    def exit_code(self) -> int | None:
        """The exit code of a child that ended by itself, None while it runs."""
        return self._child.poll() if self._child else None

    def pause(self) -> float:
        """Notes a death; seconds to wait before the next start."""
        now = time.monotonic()
        self.deaths = [t for t in self.deaths if now - t < 60] + [now]
        many = len(self.deaths) - PROMPT_RESTARTS
        return min(2.0**many, LONGEST_PAUSE_S) if many > 0 else 0.0

    def stop(self, *, grace_seconds: float) -> None:
        """Asks the child to end, waits, then kills whatever is left of its session and of those of the
        children before it: a training outlives the worker that started it."""
        if self._child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(grace_seconds)
        for group in self._groups:
            stop_group(group, grace_seconds=2)
        self._groups.clear()
        self._child.wait()
        self._child = None


def stop_group(group: int, *, grace_seconds: float) -> None:
    """Ends every process of a group: politely, and after the grace by force."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(group, sign)
        except (ProcessLookupError, PermissionError):
            return
        until = time.monotonic() + grace_seconds
        while time.monotonic() < until and _members(group):
            time.sleep(0.05)


def _members(group: int) -> bool:
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False
