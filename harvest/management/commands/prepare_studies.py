"""`manage.py prepare_studies [--cohort NAME]`: registers what waits for it, and tries again what failed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from harvest.management.base import HarvestCommand, Report
from harvest.management.importing import prepare
from harvest.selectors.cohorts import cohort_named
from harvest.selectors.preparation import unprepared
from harvest.services.preparation import retry_preparation


class Command(HarvestCommand):
    help = "registers the studies that wait for it, and tries again those where it failed"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cohort", metavar="NAME", help="one cohort only")
        parser.add_argument(
            "--workers", type=int, default=settings.WORKERS, help="processes at once (default: a core each)"
        )

    def run(self, options: dict[str, Any]) -> Report:
        cohort = cohort_named(options["cohort"]).pk if options["cohort"] else None
        for study in unprepared(cohort, failed=True):
            retry_preparation(study_id=study.pk)
        ids = list(unprepared(cohort, failed=False).values_list("pk", flat=True))
        prepare(self, ids, workers=options["workers"])
        failed = [
            {"study": s.pk, "ordinal": s.ordinal, **(s.preparation_error or {})}
            for s in unprepared(cohort, failed=True)
        ]
        lines = [f"{len(ids) - len(failed)} studies registered."]
        lines += [f"Study {f['ordinal']} could not be registered: {f['message']}" for f in failed]
        return Report({"ready": len(ids) - len(failed), "failed": failed}, lines, ok=not failed)
