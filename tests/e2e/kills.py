"""SIGKILL to the parts of a running installation at random instants, while trainings and rounds go on.

    kill_at_random(running, seed=7, each=2)

The seed is printed, so what goes wrong can be gone through again.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.e2e.running import REPOSITORY, Installation

PARTS = (
    "worker-io",
    "worker-infer",
    "worker-train",
    "supervisor",
    "trainer",
    "broker",
    "database",
    "web",
)
# A worker kills its own children; the pool's processes notice that it is gone.
ARGUMENTS = {
    "worker-io": "io@%h",
    "worker-infer": "infer@%h",
    "worker-train": "train@%h",
    "supervisor": "supervise_training",
    "trainer": "--family",
    "web": "waitress",
}
SETTLED_SECONDS = 300

# Both are told as a service would, on rows made directly: a small cohort to learn from and to run rounds on.
MAKE = """
import json
import tests.e2e.harvest_here
from harvest.services import cohorts
from tests.harvest.curated import make_study, mark_lesion
cohort = cohorts.create_cohort(name="killed")
for _ in range(6):
    mark_lesion(make_study(cohort, volumes=True))
print(json.dumps(str(cohort.pk)))
"""
BEGIN = """
import sys
import tests.e2e.harvest_here
from harvest.models import Cohort
from harvest.services import rounds, training
cohort = Cohort.objects.get(pk=sys.argv[1])
if "training" in sys.argv:
    training.request_training(
        cohort=cohort.pk, kinds=["detector"], size="tiny", overrides={"steps": 1200, "batch": 2}
    )
if "round" in sys.argv:
    rounds.create_round(cohort=cohort)
"""
SEE = """
import json, sys
import tests.e2e.harvest_here
from harvest.models import Candidate, DeviceLease, HarvestRound, ModelVersion, RoundStudy, TrainingRun
from harvest.services.round_counts import recount
runs = TrainingRun.objects.filter(cohort=sys.argv[1])
rounds = HarvestRound.objects.filter(cohort=sys.argv[1])
kept = ("total", "done", "failed", "reviewable", "candidate_count")
print(json.dumps({
    "runs": [
        {"id": str(r.pk), "state": r.state, "attempt": r.attempt, "error": r.error,
         "result": r.result and r.result.name, "resumed": r.message} for r in runs
    ],
    "rounds": [{"state": r.state, **{k: getattr(r, k) for k in kept}} for r in rounds],
    "recounted": [{k: recount(round_id=r.pk)[k] for k in kept} for r in rounds],
    "versions": ModelVersion.objects.filter(release__cohort=sys.argv[1]).count(),
    "leases": DeviceLease.objects.count(),
    "tries": sorted(RoundStudy.objects.filter(round__in=rounds).values_list("tries", flat=True)),
}))
"""


def ask(running: Installation, code: str, *arguments: str) -> Any:
    """What a few lines of Python say of the installation; they wait while its database is starting again."""
    until = time.monotonic() + 60
    while True:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=REPOSITORY,
            env=running.env,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return json.loads(done.stdout) if done.stdout else None
        assert time.monotonic() < until, done.stderr
        time.sleep(1)


def processes_of(running: Installation, part: str) -> list[psutil.Process]:
    """The processes of a part that run now; of a pool the one that the launcher started."""
    if part == "database":
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            pid = int((running.home / "database" / "postmaster.pid").read_text().splitlines()[0])
            return [psutil.Process(pid)]
        return []
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            argv = process.cmdline()
            mine = process.environ().get("HARVEST_HOME") == str(running.home)
            if part == "broker":
                hit = "valkey" in argv[0] and str(running.home / "broker") in str(process.cwd())
            else:
                hit = mine and ARGUMENTS[part] in argv
            if hit and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return sorted(found, key=lambda process: process.create_time())[:1]


def kill(running: Installation, part: str, cohort: str) -> bool:
    """Kills a part by force; False where it did not run within two minutes. A training that ended meanwhile
    is followed by another, so that there is one to kill."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        # A training is killed when it has something to go on from.
        ripe = part != "trainer" or any((running.home / "store" / "runs").glob("*/state.safetensors"))
        for process in processes_of(running, part) if ripe else []:
            with contextlib.suppress(psutil.Error):
                os.kill(process.pid, signal.SIGKILL)
                return True
        if part in ("supervisor", "trainer") and "training" not in active(ask(running, SEE, cohort)):
            ask(running, BEGIN, cohort, "training")
        time.sleep(0.2)
    return False


def active(seen: dict[str, Any]) -> Iterator[str]:
    """What is under way: "training", "round"."""
    for name, rows in (("training", seen["runs"]), ("round", seen["rounds"])):
        if any(row["state"] in ("queued", "running") for row in rows):
            yield name


def kill_at_random(running: Installation, *, seed: int, each: int) -> dict[str, Any]:
    """Kills every part `each` times in random order, keeping a training and a round under way, waits until
    both have ended, and returns what was seen then, with the kills by part.

    Raises:
        AssertionError: a part did not come back, or something did not end within SETTLED_SECONDS.
    """
    print(f"kills: seed {seed}", flush=True)
    rng = random.Random(seed)
    cohort = ask(running, MAKE)
    order = [part for part in PARTS for _ in range(each)]
    rng.shuffle(order)
    done: Counter[str] = Counter()
    for part in order:
        seen = ask(running, SEE, cohort)
        if missing := {"training", "round"} - set(active(seen)):
            ask(running, BEGIN, cohort, *sorted(missing))
        time.sleep(rng.uniform(0.2, 6))
        assert kill(running, part, cohort), f"no {part} to kill (seed {seed})" + running.logs()
        done[part] += 1
    until = time.monotonic() + SETTLED_SECONDS
    while list(active(seen := ask(running, SEE, cohort))):
        assert time.monotonic() < until, f"{seen} (seed {seed})" + running.logs()
        time.sleep(2)
    return {**seen, "kills": dict(done), "trainers": len(processes_of(running, "trainer"))}


def check_reconciled(seen: dict[str, Any], *, each: int, folder: Path) -> None:
    """Every kill happened, everything ended well or by name, nothing ran twice, and every count is right."""
    assert set(seen["kills"].values()) == {each}
    assert seen["trainers"] == seen["leases"] == 0
    for run in seen["runs"]:
        assert run["state"] == "succeeded" or run["error"]["code"] == "interrupted", run
    made = [run["result"] for run in seen["runs"] if run["state"] == "succeeded"]
    assert len(set(made)) == len(made) == seen["versions"]
    assert any(run["attempt"] > 1 for run in seen["runs"])
    for round, recounted in zip(seen["rounds"], seen["recounted"], strict=True):
        assert {name: round[name] for name in recounted} == recounted
        assert (round["state"], round["done"]) == ("succeeded", round["total"])
    assert went_on(folder), "no training went on from a state"


def went_on(folder: Path) -> list[int]:
    """The steps from which interrupted trainings went on, in all run folders of a store."""
    steps = []
    for path in folder.glob("runs/*/progress.jsonl"):
        for line in path.read_text().splitlines():
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                if str(told.get("message", "")).startswith("going on after step"):
                    steps.append(int(told["step"]))
    return steps
