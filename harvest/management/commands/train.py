"""`manage.py train detector --cohort NAME`: freezes the cohort's data and trains on it."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandParser

from detector.cli.train import parse_overrides
from harvest.domain import ENDED, LESION_KINDS, JobState, ModelKind
from harvest.management.base import HarvestCommand, Report
from harvest.models import TrainingRun
from harvest.selectors.cohorts import cohort_named
from harvest.selectors.training import training_run
from harvest.services import training

POLL_SECONDS = 1.0
SHORT = {"liver": ModelKind.LIVER_SEGMENTER}


class Command(HarvestCommand):
    help = "trains a model, or all that learn from lesions, on what is curated in a cohort"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=[*(kind.value for kind in ModelKind), *SHORT, "all"])
        parser.add_argument("--cohort", required=True, metavar="NAME")
        parser.add_argument("--size", default=training.DEFAULT_SIZE)
        parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE")
        parser.add_argument("--wait", action="store_true", help="stay until the trainings have ended")

    def run(self, options: dict[str, Any]) -> Report:
        asked = options["kind"]
        kinds = LESION_KINDS if asked == "all" else [SHORT.get(asked, asked)]
        runs = training.request_training(
            cohort=cohort_named(options["cohort"]).pk,
            kinds=kinds,
            size=options["size"],
            overrides=parse_overrides(options["overrides"]),
            reason="asked for at the command line",
        )
        if options["wait"]:
            runs = [self.wait(run) for run in runs]
        lines = [self.line(run) for run in runs]
        ok = all(run.state in (JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED) for run in runs)
        return Report({"runs": [self.data(run) for run in runs]}, lines, ok=ok)

    def wait(self, run: TrainingRun) -> TrainingRun:
        """Says how far the run is, whenever that changes, until it has ended."""
        said = ""
        while True:
            row = training_run(run.pk)
            line = self.line(row)
            if line != said and row.state not in ENDED:
                self.say(said := line)
            if row.state in ENDED:
                return row
            time.sleep(POLL_SECONDS)

    def line(self, run: TrainingRun) -> str:
        said = run.error["message"] if run.error else run.message
        return f"{run.kind} {run.state}: {said}"

    def data(self, run: TrainingRun) -> dict[str, Any]:
        made = run.result
        return {
            "id": str(run.pk),
            "kind": run.kind,
            "state": run.state,
            "release": run.release.number if run.release else None,
            "result": {"id": str(made.pk), "name": made.name, "metrics": made.metrics} if made else None,
            "error": run.error,
        }
