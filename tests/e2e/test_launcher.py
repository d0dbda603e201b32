"""The launcher: random logins, nothing left behind, data kept, a crash noticed and mended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.running import REPOSITORY, free_port, installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Not below pytest's own folder, which another run may close to the database's user."""
    with tempfile.TemporaryDirectory(prefix="hvl") as folder:
        yield Path(folder)


def _ask(url: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{url}/api/v1/session", timeout=10) as response:
        return dict(json.load(response))


def _named(running, words: tuple[str, ...]) -> list[psutil.Process]:
    children = psutil.Process(running.launcher.pid).children(recursive=True)
    return [p for p in children if all(any(w in a for a in p.cmdline()) for w in words)]


def test_a_stack_starts_mends_itself_and_leaves_no_process_behind(short_path):
    home = short_path / "var"
    with installation(home) as running:
        assert _ask(running.url)["user"] is None
        logins = running.logins
        assert set(logins) == {"clinician", "manager", "engineer", "admin"}
        assert len(set(logins.values())) == 4
        assert min(map(len, logins.values())) >= 12
        assert running.output[-1].strip() == f"Harvest is ready at {running.url}"
        assert (home / "secrets" / "logins.json").stat().st_mode & 0o077 == 0

        web = _named(running, ("waitress",))[0]
        os.kill(web.pid, signal.SIGKILL)
        running.wait_for_line("web stopped unexpectedly (exit code -9)", 10)
        for _ in range(100):
            try:
                assert _ask(running.url)["user"] is None
                break
            except OSError:
                psutil.wait_procs([], timeout=0.2)
        everyone = psutil.Process(running.launcher.pid).children(recursive=True)
        # A zombie of somebody else's has no command line.
        everyone += [
            p for p in psutil.process_iter(["cmdline"]) if str(home) in " ".join(p.info["cmdline"] or [])
        ]
    _, alive = psutil.wait_procs(everyone, timeout=10)
    assert not alive, [p.cmdline() for p in alive]

    with installation(home) as again:
        assert again.logins == logins


def test_a_state_folder_with_a_space_is_refused_with_the_remedy(short_path):
    done = subprocess.run(
        [sys.executable, "-m", "harvest.stack"],
        env={**os.environ, "HARVEST_HOME": str(short_path / "a b"), "HARVEST_DATABASE_URL": ""},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Set HARVEST_HOME" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dicom_port_that_is_taken_is_refused_with_the_remedy(short_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "harvest.stack"],
            env={**os.environ, "HARVEST_HOME": str(short_path / "var"), "HARVEST_DICOM_PORT": port}
            | {"HARVEST_PORT": str(free_port())},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"Port {port} is in use. Set HARVEST_DICOM_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_launcher_on_the_same_folder_is_refused(short_path):
    with installation(short_path / "var") as running:
        second = subprocess.run(
            [sys.executable, "-m", "harvest.stack"],
            env={**running.env, "HARVEST_PORT": "1"},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert "Traceback" not in second.stderr
