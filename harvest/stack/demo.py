"""The demo cohort: phantoms imported, proposed on and ready to be reviewed. Phantoms only."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

from harvest.stack.launcher import REPOSITORY, Stack, StackError

COHORT = "demo"
POOL_STUDIES, GOLD_STUDIES = 12, 8


def ensure_demo(stack: Stack) -> None:
    """Makes the demo cohort once; a start after an interrupted one adds only what lacks."""
    done = stack.home / "demo-ready"
    if done.exists():
        return
    scratch = stack.home / "demo-phantoms"
    for split, count, seed in (("pool", POOL_STUDIES, 11), ("gold", GOLD_STUDIES, 12)):
        folder = scratch / split
        stack.say(f"Making {count} phantom studies ({split})")
        _detector(stack, "phantom", "--out", str(folder), "--studies", str(count), "--seed", str(seed))
        stack.say(f"Importing {count} phantom studies ({split})")
        options = ["--gold"] if split == "gold" else []
        # Phantoms move between phases without bending, so the minutes of the deformable step gain nothing.
        stack.manage(
            "import_studies", str(folder), "--cohort", COHORT, *options, HARVEST_REGISTRATION="rigid"
        )
    stack.say("Proposing candidates")
    report = json.loads(stack.manage("run_round", "--cohort", COHORT, "--wait", "--json"))
    stack.say(f"Round {report['number']}: {report['candidates']} candidates on {report['done']} studies")
    shutil.rmtree(scratch, ignore_errors=True)
    done.touch()


def _detector(stack: Stack, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "detector", *arguments],
        env=stack.env,
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise StackError(f"The phantoms could not be made: {done.stderr.strip().splitlines()[-1]}")
