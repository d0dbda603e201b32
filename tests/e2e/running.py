"""A real installation for a test: the launcher as a person starts it, with a state folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """A started stack: where it is, who may log in, what it said, and how to run its commands."""

    home: Path
    port: int
    env: dict[str, str]
    launcher: subprocess.Popen[str]
    output: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def logins(self) -> dict[str, str]:
        return dict(json.loads((self.home / "secrets" / "logins.json").read_text()))

    def wait_for_line(self, text: str, seconds: float) -> str:
        """The first line of the launcher's output that holds `text`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in list(self.output):
                if text in line:
                    return line
            if self.launcher.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"no line with {text!r} in:\n" + "".join(self.output) + self.logs())

    def logs(self) -> str:
        parts = [
            f"\n--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-30:])
            for path in sorted((self.home / "logs").glob("*.log"))
        ]
        return "".join(parts)

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a management command against this installation, as a person at its terminal would."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=REPOSITORY,
            env=self.env,
            capture_output=True,
            text=True,
        )
        assert not check or done.returncode == 0, done.stderr + done.stdout
        return done


@contextmanager
def installation(home: Path, *options: str, **variables: str) -> Iterator[Installation]:
    """Starts `python -m harvest.stack`, waits until it is ready, and interrupts it at the end."""
    port = free_port()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HARVEST_", "DJANGO_"))}
    env = {**inherited, "HARVEST_HOME": str(home), "HARVEST_PORT": str(port), **variables}
    launcher = subprocess.Popen(
        [sys.executable, "-m", "harvest.stack", *options],
        cwd=REPOSITORY,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    running = Installation(home, port, env, launcher)
    reader = threading.Thread(target=lambda: running.output.extend(launcher.stdout or ()), daemon=True)
    reader.start()
    try:
        running.wait_for_line("Harvest is ready at", 300)
        yield running
    finally:
        launcher.send_signal(signal.SIGINT)
        try:
            launcher.wait(60)
        except subprocess.TimeoutExpired:
            launcher.kill()
            raise
        reader.join(5)
