"""Every part of a running installation is killed in turn: each is noticed, said, and back within seconds."""

from __future__ import annotations

import os
import random
import signal
import time
import urllib.error
import urllib.request

import psutil
import pytest

from tests.e2e.running import free_port, installation

pytestmark = pytest.mark.soak
PARTS = {
    "web": "waitress",
    "worker-io": "io@",
    "worker-prepare": "prepare@",
    "worker-models": "models@",
    "beat": "beat",
    "broker": "valkey",
    "dicom": "dicom_listener",
}


def _main_process(launcher: int, word: str) -> psutil.Process:
    return next(p for p in psutil.Process(launcher).children() if any(word in a for a in p.cmdline()))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/session", timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def test_kills_in_random_order(tmp_path):
    seed = 20261121
    order = random.Random(seed)
    print(f"seed {seed}")
    with installation(tmp_path / "var", HARVEST_DICOM_PORT=str(free_port())) as running:
        for round_number in range(4):
            for name in order.sample(sorted(PARTS), len(PARTS)):
                before = sum(f"{name} stopped unexpectedly" in line for line in running.output)
                os.kill(_main_process(running.launcher.pid, PARTS[name]).pid, signal.SIGKILL)
                until = time.monotonic() + 30
                while time.monotonic() < until:
                    said = sum(f"{name} stopped unexpectedly" in line for line in running.output)
                    if said > before and _answers(running.url):
                        break
                    time.sleep(0.2)
                else:
                    pytest.fail(f"round {round_number}: {name} did not come back" + running.logs())
            time.sleep(15)
