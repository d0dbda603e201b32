"""`manage.py run_round --cohort NAME`: proposes candidates on every pool study of a cohort."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from harvest.domain import ENDED, JobState, Strategy
from harvest.management.base import HarvestCommand, Report
from harvest.selectors.cohorts import cohort_named
from harvest.selectors.rounds import failures, round_by_id
from harvest.services.rounds import HIDDEN_SHARE, RANDOM_SHARE, SCRATCH_SHARE, create_round, detector_version

POLL_SECONDS = 1.0
QUIET_SECONDS = 60.0


class Command(HarvestCommand):
    help = "runs a detector version over a cohort's pool"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cohort", required=True, metavar="NAME")
        parser.add_argument("--model", metavar="VERSION", help="a detector version; else the promoted one")
        parser.add_argument(
            "--strategy", choices=list(Strategy), default=Strategy.SCORE, help="which study is read next"
        )
        parser.add_argument(
            "--random-share", type=float, default=RANDOM_SHARE, metavar="SHARE", help="of the random arm"
        )
        parser.add_argument(
            "--scratch-share",
            type=float,
            default=SCRATCH_SHARE,
            metavar="SHARE",
            help="read without candidates",
        )
        parser.add_argument(
            "--hidden-share", type=float, default=HIDDEN_SHARE, metavar="SHARE", help="of hidden gold studies"
        )
        parser.add_argument("--wait", action="store_true", help="stay until the round has ended")

    def run(self, options: dict[str, Any]) -> Report:
        cohort = cohort_named(options["cohort"])
        version = detector_version(name=options["model"]) if options["model"] else None
        made = create_round(
            cohort=cohort,
            model_version=version,
            strategy=Strategy(options["strategy"]),
            random_share=options["random_share"],
            scratch_share=options["scratch_share"],
            hidden_share=options["hidden_share"],
        )
        row: Any = self._wait(made.pk) if options["wait"] else round_by_id(made.pk)
        failed = failures([row.pk])[row.pk]
        lines = [
            f"Round {row.number} ({row.model_version.name}) {row.state}: {row.done} of {row.total} studies, "
            f"{row.candidate_count} candidates."
        ]
        lines += [f"Study {f['ordinal']} failed: {f['message']}" for f in failed]
        ok = not failed and row.state in (JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED)
        data = {
            "id": row.pk,
            "number": row.number,
            "state": row.state,
            "model_version": row.model_version.name,
            "total": row.total,
            "done": row.done,
            "failed": row.failed,
            "candidates": row.candidate_count,
            "error": row.error,
            "failures": failed,
        }
        return Report(data, lines, ok=ok)

    def _wait(self, id: UUID) -> Any:
        """Says how far the round is, whenever that changes, until it has ended."""
        said, since = -1, time.monotonic()
        while True:
            row: Any = round_by_id(id)
            if row.state in ENDED:
                return row
            if row.done != said:
                said, since = row.done, time.monotonic()
                self.say(f"{row.done} of {row.total} studies")
            elif time.monotonic() - since > QUIET_SECONDS:
                since = time.monotonic()
                self.stderr.write(
                    "Nothing has come for a minute. See that a worker of the models queue runs."
                )
            time.sleep(POLL_SECONDS)
