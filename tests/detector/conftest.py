"""Fixtures of the imaging tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import real_data as real_scans


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The unpacked folder of real scans; skips where there are none."""
    return real_scans.unpacked()
