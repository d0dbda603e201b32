"""A reader who judges studies in Chromium through the real keys, while the network is cut now and then.

What was pressed is kept, and held against what the server has in the end.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.running import REPOSITORY, Installation

# Studies of the cohort that the browser tests share.
SMALL = 10
# As readers judge: most candidates are none.
KEYS = {"a": "primary_lesion", "o": "other_lesion", "r": "not_a_lesion", "x": "not_a_lesion", "u": "unsure"}
WEIGHTS = {"a": 2, "o": 1, "r": 4, "x": 2, "u": 1}


@dataclass
class Pressed:
    """Verdicts by study of the round and rank, seconds a study, and how often a key was pressed."""

    verdicts: dict[str, dict[int, str]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    events: int = 0
    cuts: int = 0

    def __str__(self) -> str:
        n = sum(map(len, self.verdicts.values()))
        p95 = statistics.quantiles(self.seconds, n=20)[-1]
        return (
            f"{len(self.verdicts)} studies, {n} candidates, {self.cuts} cuts: "
            f"{statistics.median(self.seconds):.2f} s a study (median), {p95:.2f} s (p95), without thought"
        )


def read(page: Page, round_id: str, *, studies: int, cuts: int, seed: int) -> Pressed:
    """Reads so many studies of a round; the network is away for one whole study at each cut."""
    chance = random.Random(seed)
    # The first study and the last two are read online: what was loaded ahead is all that there is offline.
    cut_at = set(chance.sample(range(1, studies - 2), cuts))
    pressed = Pressed()
    page.goto(f"/rounds/{round_id}/review")
    for n in range(studies):
        grid = page.get_by_test_id("review")
        grid.wait_for()
        id = str(grid.get_attribute("data-round-study"))
        assert id not in pressed.verdicts, "a study came twice"
        offline = n in cut_at
        if offline:
            expect(page.get_by_test_id("outbox")).to_have_attribute("data-waiting", "0")
            page.context.set_offline(True)
        started = time.perf_counter()
        pressed.verdicts[id] = _judge(page, chance)
        pressed.events += len(pressed.verdicts[id])
        if not pressed.verdicts[id]:
            page.keyboard.press("l")
            pressed.events += 1
        page.keyboard.press("Space")
        gone = f"() => document.querySelector('[data-testid=review]')?.dataset.roundStudy !== '{id}'"
        page.wait_for_function(gone)
        pressed.seconds.append(time.perf_counter() - started)
        if offline:
            waiting = int(page.get_by_test_id("outbox").get_attribute("data-waiting") or 0)
            assert waiting >= len(pressed.verdicts[id]), "nothing waits for the network"
            page.context.set_offline(False)
            pressed.cuts += 1
    return pressed


def _judge(page: Page, chance: random.Random) -> dict[int, str]:
    """One key a candidate, from the first to the last."""
    rows = page.get_by_test_id("candidate-row")
    said: dict[int, str] = {}
    for place in range(rows.count()):
        key = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        page.keyboard.press(key)
        rank = int(rows.nth(place).get_attribute("data-rank") or 0)
        said[rank] = KEYS[key]
        page.keyboard.press("j")
    return said


def stored(running: Installation, round_id: str) -> dict[str, Any]:
    """{"verdicts": {study of the round: {rank: verdict}}, "events": how many} as the database has them."""
    done = running.manage(
        "shell",
        "-v0",
        "-c",
        "import json; from harvest.models import Review; "
        f"rows = Review.objects.filter(round_study__round={round_id!r}); "
        "found = {}; "
        "[found.setdefault(str(r.round_study_id), {}).__setitem__(r.candidate.rank, r.verdict) "
        "for r in rows.select_related('candidate') if r.candidate]; "
        "print(json.dumps({'verdicts': found, 'events': rows.count()}))",
    )
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    told["verdicts"] = {
        id: {int(rank): verdict for rank, verdict in said.items()} for id, said in told["verdicts"].items()
    }
    return told


def import_small(running: Installation, folder: Path, *, studies: int) -> str:
    """Small phantoms, imported into a cohort that shows up to four candidates a study; its name."""
    argv = ["--out", str(folder), "--studies", str(studies), "--seed", "77"]
    subprocess.run(
        [sys.executable, "-m", "detector", "phantom", *argv, "--matrix", "128", "--slices", "16"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    rigid = replace(running, env={**running.env, "HARVEST_REGISTRATION": "rigid"})
    rigid.manage("import_studies", str(folder), "--cohort", "small")
    everything = "Cohort.objects.filter(name='small').update(score_threshold=0, max_candidates=4)"
    running.manage("shell", "-c", f"from harvest.models import Cohort; {everything}")
    return "small"


def propose(running: Installation, cohort: str) -> str:
    """A round of the reference detector, whatever another test has promoted, over the cohort's studies, all
    of them shown with their candidates; its id."""
    how = ("--model", "detector-v1", "--scratch-share", "0", "--hidden-share", "0")
    told = running.manage("run_round", "--cohort", cohort, "--wait", "--json", *how)
    return str(json.loads(told.stdout)["id"])
