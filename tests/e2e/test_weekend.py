"""A weekend unattended: what was harvested is frozen, what was trained went through the gate, nothing is lost
though workers are killed; and what is good goes on to another house."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import Installation, installation
from tests.e2e.weekend import exchange, weekend

# A training unheard of for so long is lost; short, so that the test is.
QUICK = {"HARVEST_SILENT_SECONDS": "9", "HARVEST_REGISTRATION": "rigid"}


def check(running: Installation, seen: dict[str, Any], *, rounds: int, studies: int) -> None:
    """Every count, every release and the trail hold."""
    assert seen["rounds"] == seen["recounted"]
    for one in seen["rounds"]:
        assert (one["done"], one["failed"], one["reviewed"]) == (studies, 0, studies)
    assert len(seen["releases"]) >= rounds
    assert seen["releases"][-1]["pool"] == studies
    assert (seen["leases"], set(seen["runs"])) == (0, {"succeeded"})
    assert "agree" in running.manage("reconcile").stdout
    for number in range(1, rounds + 1):
        running.manage("release", "verify", "--cohort", "weekend", "--release", str(number))
    running.manage("audit", "verify")


def grounds(seen: dict[str, Any]) -> list[str]:
    return [ground for kind, _, ground, _ in seen["promotions"] if kind == "detector"]


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_a_night_ends_reconciled_and_goes_on_to_another_house(running: Installation, phantoms: Path) -> None:
    # A supervisor that is killed is missed after a minute; twenty of each part are killed in the soak.
    parts = ("worker-io", "worker-infer")
    seen = weekend(running, phantoms, rounds=1, kills=3, seed=20261128, studies=3, parts=parts)
    check(running, seen, rounds=1, studies=3)
    assert [c["outcome"] for c in seen["chains"]] == ["complete"], seen["chains"]
    assert grounds(seen)[-1] == "gate"
    assert seen["promotions"][-1][-1] == "engineer"
    with (
        tempfile.TemporaryDirectory(prefix="hvw") as folder,
        installation(Path(folder) / "there", **QUICK) as there,
    ):
        check_exchange(exchange(running, there, Path(folder) / "sent", cohort="weekend"))


def check_exchange(told: dict[str, Any]) -> None:
    assert f"signed by {told['fingerprint']}, which is not known here" in told["stranger"]
    assert [c["holds"] for c in told["taken"]["checks"]][:2] == [True, True]
    sent = sorted([*a["corners_mm"]["lo"], *a["corners_mm"]["hi"]] for a in told["sent"]["annotations"])
    assert len(sent) == len(told["received"]) > 0
    for mine, theirs in zip(sent, told["received"], strict=True):
        assert theirs == pytest.approx(mine, abs=1e-3)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_weekend_ends_reconciled(phantoms: Path) -> None:
    seed = int(os.environ.get("WEEKEND_SEED", random.SystemRandom().randrange(10**6)))
    with (
        tempfile.TemporaryDirectory(prefix="hvw") as folder,
        installation(Path(folder) / "here", **QUICK) as here,
    ):
        seen = weekend(here, phantoms, rounds=3, kills=20, seed=seed)
        check(here, seen, rounds=3, studies=8)
        print(seen["killed"], seen["chains"], seen["promotions"], sep="\n")
        assert [c["outcome"] for c in seen["chains"]] == ["complete", "refused", "complete"]
        assert grounds(seen)[-3:] == ["gate", "gate", "rollback"]
        with installation(Path(folder) / "there", **QUICK) as there:
            check_exchange(exchange(here, there, Path(folder) / "sent", cohort="weekend"))
