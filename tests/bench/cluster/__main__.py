"""`python -m tests.bench.cluster [--workers 1 4 16 64] [--tasks 6]`: one round each, real broker, database,
workers and services; every study of the round sleeps five seconds where the model would work."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.cluster.app import TASK_SECONDS

ROOT = Path(__file__).resolve().parents[3]
READY_SECONDS = 180


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--tasks", type=int, default=6, help="studies a worker")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hvc") as folder:
        home = Path(folder) / "var"
        os.environ["HARVEST_HOME"] = str(home)
        os.environ["DJANGO_SETTINGS_MODULE"] = "harvest.settings.base"
        from harvest.stack.embedded import Database, broker

        home.mkdir(mode=0o700)
        database = Database(home / "database")
        os.environ["HARVEST_DATABASE_URL"] = database.start()
        server, os.environ["HARVEST_BROKER_URL"] = broker(home / "broker", log=home / "log", env=os.environ)
        server.start()
        try:
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            print("| workers | studies | ideal s | took s | studies a minute | overhead |")
            print("|---|---|---|---|---|---|")
            for workers in arguments.workers:
                _print(workers, **run(home, workers, arguments.tasks * workers))
        finally:
            server.stop(grace_seconds=5)
            database.stop()


def run(home: Path, workers: int, studies: int) -> dict[str, Any]:
    """One round of so many studies by so many worker processes."""
    from harvest.domain import ENDED, JobState
    from harvest.models import HarvestRound, RoundStudy
    from harvest.services import cohorts, rounds
    from tests.harvest.curated import make_study, make_version

    cohort = cohorts.create_cohort(name=f"{workers} workers")
    version = make_version(promoted=False)
    for _ in range(studies):
        make_study(cohort)
    argv = ["-m", "celery", "-A", "tests.bench.cluster.app", "worker", "-Q", "io,infer", "-c", str(workers)]
    with (home / f"{workers}.log").open("w") as log:
        worker = subprocess.Popen(
            [
                sys.executable,
                *argv,
                "-n",
                f"w{workers}@%h",
                "-l",
                "info",
                "--without-gossip",
                "--without-mingle",
            ],
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(home / f"{workers}.log")
        begun = time.monotonic()
        made = rounds.create_round(cohort=cohort, model_version=version, hidden_share=0)
        while HarvestRound.objects.get(pk=made.pk).state not in ENDED:
            time.sleep(0.1)
        took = time.monotonic() - begun
    finally:
        worker.terminate()
        worker.wait(60)
    states = set(RoundStudy.objects.filter(round=made).values_list("state", flat=True))
    assert states == {JobState.SUCCEEDED}, states
    assert set(RoundStudy.objects.filter(round=made).values_list("tries", flat=True)) == {1}
    return {"studies": studies, "ideal": studies * TASK_SECONDS / workers, "took": took}


def _wait_until_ready(log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while " ready." not in log.read_text():
        assert time.monotonic() < until, log.read_text()[-2000:]
        time.sleep(0.2)
    time.sleep(2)  # the last of its processes


def _print(workers: int, studies: int, ideal: float, took: float) -> None:
    pace, overhead = 60 * studies / took, 1 - ideal / took
    print(f"| {workers} | {studies} | {ideal:.1f} | {took:.1f} | {pace:.0f} | {overhead:.1%} |", flush=True)


if __name__ == "__main__":
    main()
