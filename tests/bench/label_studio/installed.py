"""Label Studio with a database of its own, filled, and served or asked in its own python.

HARVEST_LABEL_STUDIO is the python of an environment of its own (`pip install label-studio psycopg2-binary
waitress`; what is not served needs no waitress).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

FILL = Path(__file__).with_name("fill.py")


@dataclass(frozen=True, slots=True)
class LabelStudio:
    """Its folder, the environment of its processes, and what it was filled with: the project's id and a
    token a reader."""

    python: str
    folder: Path
    environment: dict[str, str]
    project: int
    tokens: list[str]

    @classmethod
    def filled(
        cls, url: str, home: Path, *, name: str, readers: int, tasks: int, regions: int, annotated: bool
    ) -> LabelStudio:
        """In a new database `name` of the server of `url`, with a new folder `home`. A task has one
        prediction of so many regions, and where it is `annotated` an annotation that took them over."""
        python = os.environ["HARVEST_LABEL_STUDIO"]
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name}")
        folder, environment = _folder(python), _environment(url, home, name)
        _run(python, folder, environment, "manage.py", "migrate", "-v0")
        given = (str(readers), str(tasks), str(regions), str(int(annotated)))
        told = json.loads(_run(python, folder, environment, "-P", str(FILL), *given).splitlines()[-1])
        with psycopg.connect(url, autocommit=True, dbname=name) as database:
            database.execute("VACUUM ANALYZE")
        return cls(python, folder, environment, told["project"], told["tokens"])

    def run(self, script: Path, *words: str) -> dict[str, Any]:
        """What a script, run by its python in its folder, says as JSON in its last line."""
        said = _run(self.python, self.folder, self.environment, "-P", str(script), *words)
        return dict(json.loads(said.splitlines()[-1]))

    @contextmanager
    def served(self) -> Iterator[int]:
        """Its port, while waitress serves it with eight threads."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        waitress = ("waitress", "--threads=8", f"--listen=127.0.0.1:{port}", "core.wsgi:application")
        server = subprocess.Popen(
            [self.python, "-m", *waitress],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(240):
                if server.poll() is not None:
                    raise RuntimeError("Label Studio's server ended.")
                if _answers(port):
                    break
                time.sleep(0.5)
            yield port
        finally:
            server.terminate()
            server.wait()


def _environment(url: str, home: Path, name: str) -> dict[str, str]:
    parts = conninfo_to_dict(url)
    home.mkdir()
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
        "DJANGO_DB": "default",
        "POSTGRE_NAME": name,
        "POSTGRE_USER": str(parts.get("user") or "postgres"),
        "POSTGRE_PASSWORD": str(parts.get("password") or ""),
        "POSTGRE_HOST": str(parts.get("host") or "localhost"),
        "POSTGRE_PORT": str(parts.get("port") or 5432),
        "LABEL_STUDIO_BASE_DATA_DIR": str(home),
        "LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        # The database that Harvest brings along has no such extensions: Label Studio goes without its
        # indexes for searching results, which spares it their upkeep.
        "SKIP_TRIGRAM_EXTENSION": "full",
        "SKIP_BTREE_GIN_EXTENSION": "full",
    }


def _folder(python: str) -> Path:
    say = "import importlib.util as u; print(u.find_spec('label_studio').submodule_search_locations[0])"
    return Path(
        subprocess.run([python, "-c", say], check=True, capture_output=True, text=True).stdout.strip()
    )


def _run(python: str, where: Path, environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [python, *words], cwd=where, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"Label Studio: {words[0]} failed: {done.stderr[-2000:]}")
    return done.stdout


def _answers(port: int) -> bool:
    try:
        answer: Any = urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30)
    except (urllib.error.URLError, OSError):
        return False
    return bool(answer.status == 200)
