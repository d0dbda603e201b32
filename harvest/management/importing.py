"""What the commands that import studies share: the cohort, a line for each study, the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from harvest.domain import ImportOutcome, JobState
from harvest.management.base import HarvestCommand, Report
from harvest.models import Cohort, ImportItem, ImportJob
from harvest.selectors import imports as selectors
from harvest.services.cohorts import create_cohort, discard_if_nothing_came

COUNTED = [outcome.value for outcome in ImportOutcome]


def cohort_for(command: HarvestCommand, name: str) -> tuple[Cohort, bool]:
    """The cohort of that name, made where there is none; and whether it was."""
    there = Cohort.objects.filter(name=name).first()
    if there is None:
        command.say(f"Cohort {name} is new.")
    return there or create_cohort(name=name), there is None


def teller(command: HarvestCommand) -> Callable[[ImportItem, ImportJob], None]:
    """Says what came of each study as it is settled; what every archive holds beside studies is not said."""

    def tell(item: ImportItem, job: ImportJob) -> None:
        if item.details.get("routine"):
            return
        said = f": {item.message} {item.remedy}".rstrip() if item.message else ""
        command.say(f"[{job.done}/{job.total}] {item.relative_path}: {item.outcome}{said}")

    return tell


def report_of(cohort: Cohort, job_ids: Sequence[UUID], *, new: bool) -> Report:
    """How the imports ended; a new cohort that nothing came into is taken away again."""
    jobs = [selectors.import_by_id(id) for id in job_ids]
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
    if new and discard_if_nothing_came(cohort=cohort.pk):
        lines.append(f"Cohort {cohort.name} was not kept: nothing was taken.")
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
