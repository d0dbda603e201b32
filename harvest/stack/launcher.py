"""Starts the parts in order, watches them, stops them in the reverse order."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from harvest.errors import HarvestError
from harvest.settings.env import Environment, child_environment
from harvest.stack.embedded import Database, broker
from harvest.stack.process import Process

REPOSITORY = Path(__file__).resolve().parents[2]


class StackError(HarvestError):
    """Something the person at the terminal can mend; the message says how."""

    code = "stack"


class Stack:
    """All processes of one installation on one machine, for `HARVEST_HOME`."""

    def __init__(self, environment: Environment, say: Callable[[str], None]) -> None:
        self.environment, self.say = environment, say
        self.home = environment.state
        self.logs = self.home / "logs"
        self.env = child_environment()
        self.database: Database | None = None
        self.processes: list[Process] = []
        self._lock: IO[str] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.environment.host}:{self.environment.port}"

    def start(self) -> None:
        """Everything up to a web server that answers."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._take_lock()
        self._require_port(self.environment.host, self.environment.port, "HARVEST_PORT")
        if self.environment.dicom_port:
            self._require_port(self.environment.dicom_host, self.environment.dicom_port, "HARVEST_DICOM_PORT")
        self.env.update(
            HARVEST_DATABASE_URL=self.environment.database_url, HARVEST_BROKER_URL=self.environment.broker_url
        )
        if not self.environment.database_url:
            # The embedded server's start command does not quote the path of its socket.
            if any(c.isspace() for c in str(self.home)):
                raise StackError(
                    f"The embedded database cannot live below a path with a space ({self.home}). "
                    "Set HARVEST_HOME to a folder without one."
                )
            self.say("Starting the database")
            self.database = Database(self.home / "database")
            self.env["HARVEST_DATABASE_URL"] = self.database.start()
        if not self.environment.broker_url:
            self.say("Starting the broker")
            process, url = broker(self.home / "broker", log=self.logs / "broker.log", env=self.env)
            self.env["HARVEST_BROKER_URL"] = url
            self._run(process)
        self._publish_urls()
        self.say("Preparing the database")
        self.manage("migrate", "--no-input", "-v", "0")
        self.manage("ensure_installation", "--json")
        self.say("Starting workers, beat and the web server")
        for process in self._services():
            self._run(process)
        self._wait_for_web()

    def _services(self) -> list[Process]:
        celery = [sys.executable, "-m", "celery", "-A", "harvest.celery"]

        def worker(queues: str, concurrency: int) -> list[str]:
            name = f"{queues.split(',')[0]}@%h"
            options = ["-Q", queues, "-c", str(concurrency), "-n", name, "-l", "info"]
            return [*celery, "worker", *options, "--without-gossip", "--without-mingle"]

        commands = {
            "worker-io": worker("io", self.environment.workers),
            # Whoever registers gives way to whoever reads or runs a model.
            "worker-prepare": ["nice", *worker("prepare", max(1, self.environment.workers // 2))],
            "worker-infer": worker("infer,render", 1),
            # It starts trainings, each a process of its own, and waits for none.
            "worker-train": [*worker("train", 1), "--pool", "solo"],
            "beat": [*celery, "beat", "-l", "info", "--pidfile="],
            **(
                {"dicom": [sys.executable, "manage.py", "dicom_listener"]}
                if self.environment.dicom_port
                else {}
            ),
            "web": [
                *(sys.executable, "-m", "waitress", "--threads=8", "--ident=Harvest"),
                f"--listen={self.environment.host}:{self.environment.port}",
                *proxy_options(self.environment.trusted_proxy),
                "harvest.wsgi:application",
            ],
        }
        return [
            Process(name, argv, log=self.logs / f"{name}.log", env=self.env, cwd=REPOSITORY)
            for name, argv in commands.items()
        ]

    def _publish_urls(self) -> None:
        """Lets `manage.py` in another terminal find the embedded servers (settings/env.py reads them)."""
        folder = self.home / "run"
        folder.mkdir(exist_ok=True, mode=0o700)
        for name in ("database", "broker"):
            (folder / f"{name}-url").write_text(self.env[f"HARVEST_{name.upper()}_URL"])

    def _run(self, process: Process) -> None:
        process.start()
        self.processes.append(process)

    def manage(self, *arguments: str, **settings: str) -> str:
        """Runs a management command to its end and returns what it printed; progress goes to the terminal.
        `settings` are HARVEST_* variables of this command alone.

        Raises:
            StackError: it failed; its last line is the reason.
        """
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env={**self.env, **settings},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
            raise StackError(f"`manage.py {arguments[0]}` failed: {reason}")
        return done.stdout

    def logins(self) -> dict[str, str]:
        """The logins made for this installation; empty once an admin has removed the file."""
        path = self.home / "secrets" / "logins.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def watch(self) -> None:
        """Until interrupted: says which process ended by itself, and starts it again; what keeps failing
        holds up nothing else."""
        again: dict[Process, float] = {}
        while True:
            time.sleep(0.5)
            if self.database and not self.database.running():
                self.say("The database stopped unexpectedly; starting it again.")
                self.database.restart()
            for process in self.processes:
                code = process.exit_code()
                if code is None:
                    continue
                if process not in again:
                    pause = process.pause()
                    again[process] = time.monotonic() + pause
                    when = (
                        f"keeps failing; the next start is in {pause:.0f} s" if pause else "starting it again"
                    )
                    self.say(
                        f"{process.name} stopped unexpectedly (exit code {code}); {when}. "
                        f"Its log is {process.log}."
                    )
                if time.monotonic() >= again[process]:
                    del again[process]
                    process.start()

    def stop(self) -> None:
        """Stops what start() started, in the reverse order."""
        for process in reversed(self.processes):
            process.stop(grace_seconds=8)
        self.processes.clear()
        if self._lock:
            shutil.rmtree(self.home / "run", ignore_errors=True)
        if self.database:
            self.database.stop()
        if self._lock:
            self._lock.close()

    def _take_lock(self) -> None:
        self._lock = (self.home / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StackError(
                f"Harvest already runs on {self.home}. Stop it, or set HARVEST_HOME to another folder."
            ) from error
        os.set_inheritable(self._lock.fileno(), False)

    def _require_port(self, host: str, port: int, variable: str) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise StackError(f"Port {port} is in use. Set {variable} to a free one.") from error

    def _wait_for_web(self) -> None:
        web = self.processes[-1]
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if web.exit_code() is not None:
                raise StackError(f"The web server did not start; its log is {web.log}.")
            try:
                with urllib.request.urlopen(f"{self.url}/api/v1/session", timeout=5):  # noqa: S310
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise StackError(f"The web server does not answer; its log is {web.log}.")


def proxy_options(address: str) -> list[str]:
    """What makes waitress believe whom a proxy says it asks for; without one it drops such headers.

    >>> proxy_options("10.0.0.1")[0], proxy_options("")
    ('--trusted-proxy=10.0.0.1', [])
    """
    if not address:
        return []
    return [
        f"--trusted-proxy={address}",
        "--trusted-proxy-headers=x-forwarded-for",
        "--trusted-proxy-count=1",
    ]
