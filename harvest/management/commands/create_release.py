"""`manage.py create_release --cohort NAME`: freezes what is curated now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from harvest.management.base import HarvestCommand, Report
from harvest.selectors.cohorts import cohort_named
from harvest.services.releases import create_release


class Command(HarvestCommand):
    help = "freezes what is curated now in a cohort"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cohort", required=True, metavar="NAME")
        parser.add_argument("--note", default="")

    def run(self, options: dict[str, Any]) -> Report:
        made = create_release(cohort=cohort_named(options["cohort"]).pk, note=options["note"])
        data = {
            "id": str(made.pk),
            "number": made.number,
            "manifest_sha256": made.manifest_sha256,
            "counts": made.counts,
        }
        counts = made.counts
        left_out = counts["left_out"]
        named = [f"{left_out} curated studies are left out: they are not registered yet."] if left_out else []
        return Report(
            data,
            [
                f"Release {made.number}: {counts['studies']} studies, {counts['lesions']} lesions, "
                f"{counts['not_a_lesion']} rejected candidates",
                f"sha256 {made.manifest_sha256}",
                *named,
            ],
        )
