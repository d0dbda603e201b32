"""`manage.py export_labour --cohort NAME --out FILE`: the labour ledger as CSV, one line a reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from harvest.domain import AuditAction
from harvest.errors import HarvestError
from harvest.management.base import HarvestCommand, Report
from harvest.selectors.cohorts import cohort_named
from harvest.selectors.labour import table


class Command(HarvestCommand):
    help = "writes what reading a cohort took, in active seconds, one line a reading"
    audited = AuditAction.EXPORT

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cohort", required=True, metavar="NAME")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE")

    def run(self, options: dict[str, Any]) -> Report:
        lines = list(table(cohort_named(options["cohort"])))
        try:
            options["out"].write_text("".join(lines), newline="")
        except OSError as error:
            raise HarvestError(
                f"The ledger cannot be written: {error.strerror}. Choose another --out.", code="not_written"
            ) from error
        readings = len(lines) - 1
        return Report({"readings": readings}, [f"{readings} readings are in {options['out'].name}."])
