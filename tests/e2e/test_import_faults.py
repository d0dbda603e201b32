"""Imports in parallel on real workers: killed, cancelled, doubled; every study once, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.running import REPOSITORY, Installation
from tests.harvest.archive import write_study

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
STUDIES = 16


class Manager:
    """The data manager's API, as a script uses it."""

    def __init__(self, running: Installation) -> None:
        self.running, self.token = running, ""
        made = running.manage("shell", "-c", TOKEN)
        self.token = made.stdout.strip().splitlines()[-1]

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": kind}
        url = path if path.startswith("http") else f"{self.running.url}/api/v1{path}"
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, **body: Any) -> Any:
        return self.ask("POST", path, json.dumps(body).encode())

    def upload(self, cohort: str, archive: Path) -> str:
        line = uuid.uuid4().hex
        parts = (
            f'--{line}\r\nContent-Disposition: form-data; name="relative_path"\r\n\r\nin.zip\r\n'
            f'--{line}\r\nContent-Disposition: form-data; name="file"; filename="in.zip"\r\n'
            "Content-Type: application/zip\r\n\r\n"
        )
        body = parts.encode() + archive.read_bytes() + f"\r\n--{line}--\r\n".encode()
        made = self.ask("POST", f"/cohorts/{cohort}/uploads", body, f"multipart/form-data; boundary={line}")
        return str(made["upload_id"])

    def start(self, cohort: str, archive: Path) -> str:
        upload = self.upload(cohort, archive)
        return str(self.post(f"/cohorts/{cohort}/imports", upload_id=upload)["id"])

    def all(self, path: str) -> list[Any]:
        rows, url = [], f"{path}?page_size=200"
        while url:
            page = self.ask("GET", url)
            rows += page["results"]
            url = page["next"]
        return rows

    def until(self, path: str, true: Callable[[Any], bool], seconds: float = 180) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            seen = self.ask("GET", path)
            if true(seen):
                return seen
            time.sleep(0.2)
        raise AssertionError(f"{path}: {seen}" + self.running.logs())


TOKEN = """
from django.contrib.auth.models import User
from harvest.domain import TokenScope
from harvest.services.tokens import create_token
owner = User.objects.get(username="manager")
print(create_token(user=owner, name="a script", scope=TokenScope.WRITE).secret)
"""


@pytest.fixture(scope="module")
def manager(running: Installation) -> Manager:
    return Manager(running)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    packed = folder / "in.zip"
    with zipfile.ZipFile(packed, "w") as out:
        for seed in range(STUDIES):
            for path in write_study(folder / str(seed), seed=seed).iterdir():
                out.write(path, f"{seed}/{path.name}")
    return packed


@pytest.fixture
def cohort(manager: Manager) -> str:
    return str(manager.post("/cohorts", name=f"many-{uuid.uuid4().hex[:8]}")["id"])


def ended(job: Any) -> bool:
    return job["state"] in ("succeeded", "failed", "cancelled")


def workers(running: Installation, queue: str) -> psutil.Process:
    children = psutil.Process(running.launcher.pid).children()
    return next(p for p in children if f"{queue}@%h" in p.cmdline())


def left_behind(running: Installation) -> list[str]:
    return [
        str(p) for folder in ("uploads", "work") for p in (running.home / folder).rglob("*") if p.is_file()
    ]


def ordinals(manager: Manager, cohort: str) -> list[int]:
    return sorted(s["ordinal"] for s in manager.all(f"/cohorts/{cohort}/studies"))


def test_killed_workers_lose_no_study_and_take_none_twice(
    manager: Manager, running: Installation, archive: Path, cohort: str
) -> None:
    id = manager.start(cohort, archive)
    manager.until(f"/imports/{id}", lambda job: job["done"] >= 2)
    for reader in workers(running, "io").children():
        os.kill(reader.pid, signal.SIGKILL)
    job = manager.until(f"/imports/{id}", lambda job: job["done"] >= 6 or ended(job))
    assert job["state"] == "running"
    os.kill(workers(running, "io").pid, signal.SIGKILL)
    job = manager.until(f"/imports/{id}", ended)
    assert (job["state"], job["counts"]["taken"], job["done"]) == ("succeeded", STUDIES, STUDIES)
    assert ordinals(manager, cohort) == list(range(1, STUDIES + 1))
    for preparer in workers(running, "prepare").children():
        os.kill(preparer.pid, signal.SIGKILL)
    seen = manager.until(f"/cohorts/{cohort}", lambda c: not c["counts"]["unprepared"])
    assert seen["counts"]["preparation_failed"] == 0
    assert left_behind(running) == []


def test_a_cancelled_import_stops_and_keeps_what_was_taken(
    manager: Manager, running: Installation, archive: Path, cohort: str
) -> None:
    id = manager.start(cohort, archive)
    manager.until(f"/imports/{id}", lambda job: job["done"] >= 2)
    assert manager.post(f"/imports/{id}/cancel")["state"] == "cancelled"
    job = manager.until(f"/imports/{id}", lambda job: not job["counts"]["waiting"], 30)
    assert 2 <= job["counts"]["taken"] < STUDIES
    assert len(ordinals(manager, cohort)) == job["counts"]["taken"]
    time.sleep(1)
    assert left_behind(running) == []


def test_one_archive_imported_twice_at_once_is_taken_once(
    manager: Manager, archive: Path, cohort: str
) -> None:
    ids = [manager.start(cohort, archive) for _ in range(2)]
    jobs = [manager.until(f"/imports/{id}", ended) for id in ids]
    assert {job["state"] for job in jobs} == {"succeeded"}
    assert sum(job["counts"]["taken"] for job in jobs) == STUDIES
    assert sum(job["counts"]["duplicate"] for job in jobs) == STUDIES
    assert ordinals(manager, cohort) == list(range(1, STUDIES + 1))


def test_a_command_reads_and_registers_in_processes_of_its_own(
    manager: Manager, running: Installation, archive: Path
) -> None:
    name = f"command-{uuid.uuid4().hex[:8]}"
    done = running.manage("import_studies", str(archive), "--cohort", name, "--workers", "2", "--json")
    said = json.loads(done.stdout)
    assert said["counts"]["taken"] == STUDIES
    assert said["preparation"] == {"waiting": 0, "failed": []}


def test_a_killed_process_of_a_command_loses_no_study(
    manager: Manager, running: Installation, archive: Path
) -> None:
    name = f"command-{uuid.uuid4().hex[:8]}"
    options = ["--cohort", name, "--workers", "2", "--no-prepare", "--json"]
    command = subprocess.Popen(
        [sys.executable, "manage.py", "import_studies", str(archive), *options],
        cwd=REPOSITORY,
        env=running.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def taken(cohorts: Any) -> bool:
        return any(c["name"] == name and c["counts"]["studies"] >= 2 for c in cohorts["results"])

    manager.until("/cohorts", taken)
    readers = psutil.Process(command.pid).children()
    os.kill(next(p.pid for p in readers if "spawn_main" in " ".join(p.cmdline())), signal.SIGKILL)
    said, _ = command.communicate(timeout=180)
    assert json.loads(said)["counts"]["taken"] == STUDIES
