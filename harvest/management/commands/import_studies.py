"""`manage.py import_studies PATH... --cohort NAME`: takes every study below the paths, or says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from detector.ingest.phases import parse_given
from harvest.domain import ImportOutcome, JobState, Split
from harvest.errors import HarvestError
from harvest.management.base import HarvestCommand, Report
from harvest.models import Cohort, ImportItem, ImportJob
from harvest.selectors import imports as selectors
from harvest.services.cohorts import create_cohort, discard_if_nothing_came
from harvest.services.import_runs import run_import
from harvest.services.imports import create_path_import

COUNTED = [outcome.value for outcome in ImportOutcome]


class Command(HarvestCommand):
    help = "imports DICOM folders, archives and NIfTI studies into a cohort"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--cohort", required=True, metavar="NAME", help="made where there is none")
        parser.add_argument(
            "--phase", action="append", default=[], metavar="SERIES=PHASE", help="say which series is which"
        )
        parser.add_argument("--gold", action="store_true", help="only ever judged on, never trained on")

    def run(self, options: dict[str, Any]) -> Report:
        given = parse_given(options["phase"])
        for number, path in enumerate(options["paths"], start=1):
            if not path.exists():
                raise HarvestError(f"Path {number} does not exist. Check its spelling.", code="not_found")
        new = not Cohort.objects.filter(name=options["cohort"]).exists()
        cohort = self._cohort(options["cohort"])
        split = Split.GOLD if options["gold"] else Split.POOL
        jobs = []
        for path in options["paths"]:
            job = create_path_import(cohort=cohort, path=path.resolve(), given_phases=given, split=split)
            run_import(job_id=job.pk, on_item=self._tell)
            jobs.append(selectors.import_by_id(job.pk))
        report = self._report(cohort, jobs)
        if new and discard_if_nothing_came(cohort=cohort.pk):
            report.lines.append(f"Cohort {cohort.name} was not kept: nothing was taken.")
        return report

    def _cohort(self, name: str) -> Cohort:
        there = Cohort.objects.filter(name=name).first()
        if there is None:
            self.say(f"Cohort {name} is new.")
        return there or create_cohort(name=name)

    def _tell(self, item: ImportItem, job: ImportJob) -> None:
        if item.details.get("routine"):
            return
        said = f": {item.message} {item.remedy}".rstrip() if item.message else ""
        self.say(f"[{job.done}/{job.total}] {item.relative_path}: {item.outcome}{said}")

    def _report(self, cohort: Cohort, jobs: list[ImportJob]) -> Report:
        counts = {name: sum(getattr(job, name) for job in jobs) for name in COUNTED}
        lines = [", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()) + "."]
        errors = [job.error for job in jobs if job.error]
        lines += [error["message"] for error in errors]
        found = sum(counts.values())
        if not found and not errors:
            lines.append("There is no study below these paths.")
        ok = found > 0 and not (counts["refused"] or counts["phases_needed"])
        data = {
            "cohort": cohort.name,
            "counts": counts,
            "errors": errors,
            "items": [_item(item) for job in jobs for item in selectors.items(job.pk)],
        }
        return Report(data, lines, ok=ok and all(job.state == JobState.SUCCEEDED for job in jobs))


def _item(item: ImportItem) -> dict[str, Any]:
    return {
        "ordinal": item.ordinal,
        "relative_path": item.relative_path,
        "outcome": item.outcome,
        "study": item.study_id,
        "code": item.code,
        "message": item.message,
        "remedy": item.remedy,
        "details": item.details,
    }
