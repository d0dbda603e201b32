"""Half an hour of spoiled scans, or HARVEST_FUZZ_SECONDS: see tests/detector/ingest/fuzzing.py."""

from __future__ import annotations

import os
import random
import resource
import time
from pathlib import Path

import pytest

from tests.detector.ingest.fuzzing import corpora, try_case

pytestmark = pytest.mark.soak


def test_reading_spoiled_scans_raises_nothing_but_detector_errors(tmp_path: Path) -> None:
    seconds = float(os.environ.get("HARVEST_FUZZ_SECONDS", "1800"))
    corpus = corpora(tmp_path)
    chance = random.Random()
    until = time.monotonic() + seconds
    cases, before = 0, 0
    while time.monotonic() < until:
        seed = chance.randrange(2**32)
        try:
            try_case(seed, corpus)
        except BaseException:
            print(f"seed {seed}, after {cases} cases")
            raise
        cases += 1
        if cases == 200:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before if before else 0
    print(f"{cases} cases in {seconds:.0f} s; peak memory grew by {grown / 1024:.0f} MB after the first 200")
    assert cases
