"""A hospital's machines fail at any moment: SIGKILL to every part, and everything still ends as it should."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import pytest

from tests.e2e.kills import check_reconciled, kill_at_random
from tests.e2e.running import installation

# A training unheard of for so long is lost; short, so that the test is.
IMPATIENT = {"HARVEST_SILENT_SECONDS": "9"}


def run(seed: int, each: int) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="hvk") as folder,
        installation(Path(folder) / "var", **IMPATIENT) as started,
    ):
        seen = kill_at_random(started, seed=seed, each=each)
        check_reconciled(seen, each=each, folder=started.home / "store")
        print({name: seen[name] for name in ("kills", "runs", "rounds")})


@pytest.mark.e2e
def test_two_kills_of_every_part_lose_nothing() -> None:
    run(seed=20261128, each=2)


@pytest.mark.soak
def test_twenty_kills_of_every_part_lose_nothing() -> None:
    run(seed=int(os.environ.get("KILL_SEED", random.SystemRandom().randrange(10**6))), each=20)
