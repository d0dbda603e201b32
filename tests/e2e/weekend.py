"""A weekend in minutes: scripted readers, a schedule, trainings through the gate, releases, a roll back; and
workers killed at random. Then every count is reconciled.

    weekend(running, phantoms, rounds=3, kills=8, seed=7)
"""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.e2e.kills import ask, processes_of
from tests.e2e.running import Installation

WORKERS = ("worker-io", "worker-infer", "worker-train", "supervisor", "trainer")
PEOPLE = ("clinician", "manager", "engineer")
MINUTES = 60.0
# Trained so little further that it answers as the one in use; and from nothing, in three steps.
AS_GOOD = {"steps": 3, "batch": 2, "lr": 1e-7}
WORSE = {"steps": 3, "batch": 2}

TOKENS = """
import json
import tests.e2e.harvest_here
from django.contrib.auth.models import User
from harvest.services.tokens import create_token
names = ("clinician", "manager", "engineer")
people = {name: User.objects.get(username=name) for name in names}
print(json.dumps({n: create_token(user=u, name="weekend", scope="write").secret for n, u in people.items()}))
"""
SEE = """
import json, sys
import tests.e2e.harvest_here
from harvest.models import (
    DatasetRelease, DeviceLease, HarvestRound, Lesion, Promotion, Review, TrainingChain, TrainingRun
)
from harvest.services.round_counts import recount
rounds = HarvestRound.objects.filter(cohort=sys.argv[1]).order_by("number")
kept = ("total", "done", "failed", "reviewable", "reviewed", "readings", "readings_done", "candidate_count")
print(json.dumps({
    "rounds": [{k: getattr(r, k) for k in kept} for r in rounds],
    "recounted": [{k: recount(round_id=r.pk)[k] for k in kept} for r in rounds],
    "verdicts": Review.objects.filter(round_study__round__in=rounds).count(),
    "lesions": Lesion.objects.filter(study__cohort=sys.argv[1], retired_at=None, source="review").count(),
    "releases": [r.counts for r in DatasetRelease.objects.filter(cohort=sys.argv[1]).order_by("number")],
    "chains": [
        {"outcome": c.outcome, "message": c.message}
        for c in TrainingChain.objects.filter(cohort=sys.argv[1]).order_by("created_at")
    ],
    "runs": list(TrainingRun.objects.filter(cohort=sys.argv[1]).values_list("state", flat=True)),
    "promotions": [
        [p.version.kind, p.version.name, p.ground, p.approver_name] for p in
        Promotion.objects.select_related("version").order_by("created_at")
    ],
    "leases": DeviceLease.objects.count(),
}))
"""


class Person:
    """Somebody with a token; asks again while the web server is away."""

    def __init__(self, running: Installation, token: str) -> None:
        self.base = f"{running.url}/api/v1"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {token}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        until = time.monotonic() + 120
        while True:
            with contextlib.suppress(requests.ConnectionError, requests.Timeout):
                answer = self.session.request(method, self.base + path, json=body, timeout=60)
                if answer.status_code < 500:
                    assert answer.ok, (method, path, answer.status_code, answer.text[:400])
                    return answer.json() if answer.content else None
            assert time.monotonic() < until, f"{method} {path} was not answered"
            time.sleep(1)

    def wait(self, path: str, done: Callable[[Any], bool], minutes: float = 6) -> Any:
        until = time.monotonic() + minutes * MINUTES
        while not done(found := self.ask("GET", path)):
            assert time.monotonic() < until, f"{path} is still {json.dumps(found)[:600]}"
            time.sleep(1)
        return found


@contextmanager
def killing(
    running: Installation, chance: random.Random, kills: int, parts: Sequence[str]
) -> Iterator[list[str]]:
    """Kills `kills` of some parts by force at random instants, seconds apart, until the block ends."""
    killed: list[str] = []
    over = threading.Event()

    def go() -> None:
        while len(killed) < kills and not over.wait(chance.uniform(2, 9)):
            part = chance.choice(parts)
            for process in processes_of(running, part):
                with contextlib.suppress(psutil.Error):
                    process.kill()
                    killed.append(part)

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join(30)


def read(reader: Person, round_id: str) -> int:
    """Reads a round to its end: the best candidate of a study is the primary lesion, the others are none."""
    studies = 0
    while order := (handed := reader.ask("POST", f"/rounds/{round_id}/next", {}))["order"]:
        study = next(one for one in handed["studies"] if one["id"] == order[0])
        for candidate in study["candidates"]:
            verdict = "primary_lesion" if candidate["rank"] == 1 else "not_a_lesion"
            said = {"id": str(uuid.uuid4()), "candidate": candidate["id"], "verdict": verdict}
            reader.ask("POST", f"/round-studies/{study['id']}/reviews", said)
        if not study["candidates"]:
            said = {"id": str(uuid.uuid4()), "verdict": "no_lesion"}
            reader.ask("POST", f"/round-studies/{study['id']}/reviews", said)
        reader.ask("POST", f"/round-studies/{study['id']}/complete", {})
        studies += 1
    return studies


def weekend(
    running: Installation,
    phantoms: Path,
    *,
    rounds: int,
    kills: int,
    seed: int,
    studies: int = 8,
    parts: Sequence[str] = WORKERS,
) -> dict[str, Any]:
    """Runs it, and returns what the database says in the end; `studies` of the pool are imported."""
    print(f"weekend with seed {seed}")
    chance = random.Random(seed)
    people = {name: Person(running, token) for name, token in ask(running, TOKENS).items()}
    clinician, manager, engineer = (people[name] for name in PEOPLE)
    # The reference detector has learned from phantoms, so it finds what is in these.
    running.manage("promote_model", "detector-v1", "--reason", "It has learned from such phantoms.")
    for split, many in (("pool", studies), ("gold", 4)):
        folders = [str(phantoms / split / f"study-{n:04d}") for n in range(1, many + 1)]
        gold = ["--gold"] if split == "gold" else []
        running.manage("import_studies", *folders, "--cohort", "weekend", "--site", "phantoms", *gold)
    cohort = next(c for c in manager.ask("GET", "/cohorts")["results"] if c["name"] == "weekend")["id"]
    manager.ask("PATCH", f"/cohorts/{cohort}", {"max_candidates": 3})
    engineer.ask(
        "POST",
        f"/cohorts/{cohort}/schedules",
        {
            "kinds": ["detector"],
            "every_minutes": 1,
            "condition": "lesions",
            "amount": 1,
            "size": "small",
            "overrides": AS_GOOD,
            "chained": True,
        },
    )
    with killing(running, chance, kills, parts) as killed:
        for number in range(1, rounds + 1):
            _one_round(number, rounds, cohort, clinician, manager, engineer)
    before = _in_use(engineer)
    if rounds > 1:
        engineer.ask("POST", "/models/roll-back", {"kind": "detector"})
        assert _in_use(engineer) != before
    seen: dict[str, Any] = ask(running, SEE, cohort)
    return {**seen, "cohort": cohort, "killed": killed, "seed": seed}


def _one_round(
    number: int, rounds: int, cohort: str, clinician: Person, manager: Person, engineer: Person
) -> None:
    """A round is run, read and frozen; the schedule notices and trains, or an engineer does it badly."""
    asked = {"hidden_share": 0, "scratch_share": 0, "random_share": 0.25}
    made = manager.ask("POST", f"/cohorts/{cohort}/rounds", asked)
    manager.wait(f"/rounds/{made['id']}", lambda r: r["state"] in ("succeeded", "failed"))
    read(clinician, made["id"])
    manager.ask("POST", f"/cohorts/{cohort}/releases", {"note": f"after round {number}"})
    schedule = engineer.ask("GET", f"/cohorts/{cohort}/schedules")["results"][0]
    by_hand = rounds > 1 and number == 2
    if by_hand:  # the second night somebody tries a plan of their own
        engineer.ask("PATCH", f"/schedules/{schedule['id']}", {"enabled": False})
        asked = {"kinds": ["detector"], "size": "tiny", "overrides": WORSE}
        _ask_until_free(engineer, f"/cohorts/{cohort}/chains", asked, number)
    engineer.wait(
        f"/cohorts/{cohort}/chains",
        lambda chains: len(chains) >= number and chains[0]["outcome"] != "",
        minutes=10,
    )
    if by_hand:
        engineer.ask("PATCH", f"/schedules/{schedule['id']}", {"enabled": True})


def _ask_until_free(engineer: Person, path: str, body: Any, number: int) -> None:
    """A chain that the schedule began in the meantime is waited for: it counts as this night's."""
    if len(engineer.ask("GET", path)) < number:
        engineer.ask("POST", path, body)


def _in_use(engineer: Person) -> str:
    models = engineer.ask("GET", "/models?kind=detector")["results"]
    return str(next(m["name"] for m in models if m["promoted"]))


def exchange(sender: Installation, receiver: Installation, folder: Path, *, cohort: str) -> dict[str, Any]:
    """A model version and a release go from one installation to another with its own key: what each told."""
    engineer = Person(sender, ask(sender, TOKENS)["engineer"])
    models = engineer.ask("GET", "/models?kind=detector")["results"]
    version = next(m["name"] for m in models if m["promoted"])
    told = json.loads(sender.manage("export_model", version, "--out", str(folder), "--json").stdout)
    file = str(folder / told["file"])
    stranger = receiver.manage("import_model", file, check=False)
    taken = receiver.manage("import_model", file, "--trust", told["fingerprint"], "--json")
    out = folder / "release"
    sender.manage("release", "export", "--cohort", cohort, "--format", "coco", "--images", "--out", str(out))
    got = receiver.manage("import_dataset", "coco", str(out), "--cohort", "received", "--no-prepare")
    return {
        "version": version,
        "fingerprint": told["fingerprint"],
        "stranger": stranger.stderr,
        "taken": json.loads(taken.stdout),
        "imported": got.stdout,
        "sent": json.loads((out / "dataset.json").read_text()),
        "received": ask(receiver, LESIONS, "received"),
    }


LESIONS = """
import json, sys
import tests.e2e.harvest_here
from harvest.models import Lesion
rows = Lesion.objects.filter(study__cohort__name=sys.argv[1], retired_at=None)
print(json.dumps(sorted([*r.lo, *r.hi] for r in rows)))
"""
