"""What the commands that import studies share: the cohort, a line for each study, the registration at the
end, the report."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandParser

from harvest.domain import ImportOutcome, JobState
from harvest.management.base import HarvestCommand, Report
from harvest.models import Cohort, ImportItem, ImportJob
from harvest.selectors import imports as selectors
from harvest.selectors.preparation import ended_of, studies_of, unprepared
from harvest.services.cohorts import create_cohort, discard_if_nothing_came
from harvest.services.import_runs import run_import
from harvest.services.preparation import prepare_studies
from harvest.services.reading import SITE_LENGTH

COUNTED = [outcome.value for outcome in ImportOutcome if outcome != ImportOutcome.WAITING]


def add_arguments(parser: CommandParser) -> None:
    """The options of every import."""
    parser.add_argument("--cohort", required=True, metavar="NAME", help="made where there is none")
    parser.add_argument("--gold", action="store_true", help="only ever judged on, never trained on")
    parser.add_argument(
        "--site",
        default="",
        type=site_name,
        metavar="NAME",
        help="where the studies were made, under a name that says nothing to outsiders: releases may choose "
        "by it, and models are judged by it",
    )
    parser.add_argument(
        "--workers", type=int, default=settings.WORKERS, help="processes at once (default: a core each)"
    )
    parser.add_argument(
        "--no-prepare", action="store_true", help="leave the registration to the running workers"
    )


def site_name(text: str) -> str:
    """A short name without spaces; raises ArgumentTypeError, which says what is wrong."""
    if len(text) > SITE_LENGTH or not all(c.isalnum() or c in "-_." for c in text):
        raise ArgumentTypeError(
            f"A site's name has letters, digits, - _ and . and at most {SITE_LENGTH} characters."
        )
    return text


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


def run_imports(
    command: HarvestCommand, cohort: Cohort, jobs: Iterable[ImportJob], options: dict[str, Any], *, new: bool
) -> Report:
    """Runs imports one after the other and registers what they took, unless that is left to the workers."""
    ids = []
    for job in jobs:
        run_import(job_id=job.pk, on_item=teller(command), workers=options["workers"])
        ids.append(job.pk)
    if not options["no_prepare"]:
        prepare(command, studies_of(ids), workers=options["workers"])
    return report_of(cohort, ids, new=new)


def prepare(command: HarvestCommand, ids: Sequence[UUID], *, workers: int) -> None:
    """Registers studies, those that a worker is at included, and says how far it is."""
    if not ids:
        return
    command.say(f"Registering {len(ids)} studies")
    said = 0

    def tell() -> None:
        nonlocal said
        done = ended_of(ids)
        if done > said:
            said = done
            command.say(f"[{done}/{len(ids)}] registered")

    prepare_studies(study_ids=ids, workers=workers, meanwhile=tell)
    tell()


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
    failed = [
        {"ordinal": s.ordinal, **(s.preparation_error or {})} for s in unprepared(cohort.pk, failed=True)
    ]
    lines += [f"Study {f['ordinal']} could not be registered: {f['message']}" for f in failed]
    waiting = unprepared(cohort.pk, failed=False).count()
    lines += [f"{waiting} studies wait for their registration."] if waiting else []
    ok = found > 0 and not (counts["refused"] or counts["phases_needed"] or failed)
    data = {
        "cohort": cohort.name,
        "counts": counts,
        "errors": errors,
        "preparation": {"waiting": waiting, "failed": failed},
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
