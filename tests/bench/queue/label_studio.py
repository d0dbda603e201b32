"""Label Studio's readers on as long a queue, in the same PostgreSQL.

HARVEST_LABEL_STUDIO is the python of an environment of its own (`pip install label-studio psycopg2-binary
waitress`). It is served as Harvest is: waitress, eight threads, one process. A task has one prediction of ten
regions; a verdict is its draft stored anew, as its own page does after each change; a study done is the
annotation submitted. It leases a task less strictly, keeps no events and measures no labour, but sends and
stores whole drafts.
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
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.bench.queue.loop import Client, Thought, Times, no_times, run
from tests.e2e.running import Installation

DATABASE = "label_studio"
FILL = Path(__file__).with_name("label_studio_fill.py")
VERDICTS = ("primary", "not a lesion", "not a lesion", "other")


class LabelStudioReader:
    """Next task, the draft stored after each verdict, the annotation submitted."""

    def __init__(self, port: int, token: str, project: int, times: Times) -> None:
        self.client = Client(port, {"Authorization": f"Token {token}"}, times)
        self.project = project

    def read(self, until: float, thought: Thought) -> None:
        thought.begin()
        while time.monotonic() < until:
            task = self.client.ask("next study", "GET", f"/api/projects/{self.project}/next/")
            regions = task["predictions"][0]["result"]
            draft, result = None, []
            for region in regions:
                thought.click()
                said = {"choices": [thought.chance.choice(VERDICTS)]}
                result += [region, {**region, "from_name": "verdict", "type": "choices", "value": said}]
                where = f"/api/drafts/{draft}/" if draft else f"/api/tasks/{task['id']}/drafts"
                body = {"result": result, "lead_time": 1, "project": self.project}
                draft = self.client.ask("verdict", "PATCH" if draft else "POST", where, body)["id"]
            body = {"result": result, "lead_time": 10, "draft_id": draft}
            where = f"/api/tasks/{task['id']}/annotations/?project={self.project}"
            self.client.ask("study done", "POST", where, body)


def measure(
    running: Installation, *, readers: int, studies: int, candidates: int, seconds: float, thought_s: float
) -> tuple[Times, float]:
    """As tests.bench.queue.harvest.measure."""
    python = os.environ["HARVEST_LABEL_STUDIO"]
    url = (running.home / "run" / "database-url").read_text()
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(f"CREATE DATABASE {DATABASE}")
    environment = _environment(url, running.home / "label-studio")
    where = _folder(python)
    _run(python, where, environment, "manage.py", "migrate", "-v0")
    given = (str(readers), str(studies), str(candidates))
    told = json.loads(_run(python, where, environment, "-P", str(FILL), *given).splitlines()[-1])
    with psycopg.connect(url, autocommit=True, dbname=DATABASE) as database:
        database.execute("VACUUM ANALYZE")
    times = no_times()
    with _served(python, where, environment) as port:
        warm = LabelStudioReader(port, told["tokens"][0], told["project"], no_times())
        for _ in range(5):
            warm.client.ask("warm", "GET", f"/api/projects/{told['project']}/next/")
        everyone = [LabelStudioReader(port, token, told["project"], times) for token in told["tokens"]]
        spent = run(everyone, seconds, thought_s)
        warm.client.times = times
        for _ in range(10):
            tasks = f"/api/tasks?project={told['project']}&page=1&page_size=30"
            warm.client.ask("list page", "GET", tasks)
            warm.client.ask("list page", "GET", "/api/projects?page=1&page_size=30")
    return times, spent


def _environment(url: str, home: Path) -> dict[str, str]:
    parts = conninfo_to_dict(url)
    home.mkdir()
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
        "DJANGO_DB": "default",
        "POSTGRE_NAME": DATABASE,
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


@contextmanager
def _served(python: str, where: Path, environment: dict[str, str]) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [python, "-m", "waitress", "--threads=8", f"--listen=127.0.0.1:{port}", "core.wsgi:application"]
    server = subprocess.Popen(
        command, cwd=where, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
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


def _answers(port: int) -> bool:
    try:
        answer: Any = urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30)
    except (urllib.error.URLError, OSError):
        return False
    return bool(answer.status == 200)
