"""Where the real scans of ../shared/data lie, unpacked once for all processes; else a skip that says why."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def unpacked() -> Path:
    """HARVEST_TEST_DATA where it is set, else ../shared/data unpacked below the temporary folder."""
    if given := os.environ.get("HARVEST_TEST_DATA"):
        return Path(given)
    script = SHARED / "unpack.sh"
    if not script.is_file():
        pytest.skip("../shared/data is absent: no real scans to test on")
    target = Path(tempfile.gettempdir()) / f"harvest-test-data-{os.getuid()}"
    target.mkdir(exist_ok=True)
    with (target / ".lock").open("w") as lock:  # parallel test processes unpack once
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["bash", str(script), str(target)], check=True, capture_output=True)
    return target
