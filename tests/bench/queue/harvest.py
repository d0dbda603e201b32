"""Harvest's own readers, on the queue that `fill` made."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.bench.queue.fill import fill
from tests.bench.queue.loop import Client, Thought, Times, no_times, run
from tests.e2e.running import Installation

PAGES = ("studies", "rounds", "imports")


class HarvestReader:
    """Next study with two ahead, a verdict a candidate, done."""

    def __init__(self, port: int, token: str, round_id: str, hidden: frozenset[str]) -> None:
        """`hidden` are the ids of the hidden cases, whose times are to be those of the others."""
        self.client = Client(port, {"Authorization": f"Token {token}"}, no_times())
        self.round_id = round_id
        self.hidden = hidden

    def read(self, until: float, thought: Thought) -> None:
        held: dict[str, Any] = {}
        thought.begin()
        while time.monotonic() < until:
            asked = {"ahead": 2, "have": list(held)}
            answer = self.client.ask("next study", "POST", f"/api/v1/rounds/{self.round_id}/next", asked)
            held |= {study["id"]: study for study in answer["studies"]}
            held = {id: held[id] for id in answer["order"]}
            got = held.pop(answer["order"][0])
            kind = " of a hidden case" if got["id"] in self.hidden else ""
            for candidate in got["candidates"]:
                thought.click()
                verdict = thought.chance.choice(
                    ("primary_lesion", "not_a_lesion", "not_a_lesion", "other_lesion")
                )
                said = {"id": str(uuid.uuid4()), "candidate": candidate["id"], "verdict": verdict}
                self.client.ask(f"verdict{kind}", "POST", f"/api/v1/round-studies/{got['id']}/reviews", said)
            self.client.ask(f"study done{kind}", "POST", f"/api/v1/round-studies/{got['id']}/complete", {})


def measure(
    running: Installation, *, readers: int, studies: int, candidates: int, seconds: float, thought_s: float
) -> tuple[Times, float]:
    """The times of all readers, and then of pages; and how long the readers took."""
    os.environ["HARVEST_HOME"] = str(running.home)
    os.environ["HARVEST_DATABASE_URL"] = (Path(running.home) / "run" / "database-url").read_text()
    os.environ["DJANGO_SETTINGS_MODULE"] = "harvest.settings.base"
    round_id, cohort, tokens = fill(readers, studies, candidates)
    times = no_times()
    from harvest.models import RoundStudy

    rows = RoundStudy.objects.filter(round=round_id).exclude(hidden="").values_list("pk", flat=True)
    hidden = frozenset(map(str, rows))
    everyone = [HarvestReader(running.port, token, round_id, hidden) for token in tokens]
    _warm(everyone)
    for reader in everyone:
        reader.client.times = times
    spent = run(everyone, seconds, thought_s)
    warm = everyone[0]
    for _ in range(10):
        for page in PAGES:
            warm.client.ask("list page", "GET", f"/api/v1/cohorts/{cohort}/{page}")
        warm.client.ask("the overview", "GET", f"/api/v1/cohorts/{cohort}/dashboard")
    return times, spent


def _warm(readers: Sequence[HarvestReader]) -> None:
    """All at once, so that each thread of the server has its connection to the database, as on any day but
    the first minute of it."""

    def ask(reader: HarvestReader) -> None:
        for _ in range(5):
            reader.client.ask("warm", "POST", f"/api/v1/rounds/{reader.round_id}/next", {"ahead": 2})

    with ThreadPoolExecutor(len(readers)) as pool:
        list(pool.map(ask, readers))
