"""`manage.py import_studies PATH... --cohort NAME`: takes every study below the paths, or says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from detector.ingest.phases import parse_given
from harvest.domain import Split
from harvest.errors import HarvestError
from harvest.management.base import HarvestCommand, Report
from harvest.management.importing import add_arguments, cohort_for, run_imports
from harvest.services.imports import create_path_import


class Command(HarvestCommand):
    help = "imports DICOM folders, archives and NIfTI studies into a cohort"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        add_arguments(parser)
        parser.add_argument(
            "--phase", action="append", default=[], metavar="SERIES=PHASE", help="say which series is which"
        )

    def run(self, options: dict[str, Any]) -> Report:
        given = parse_given(options["phase"])
        for number, path in enumerate(options["paths"], start=1):
            if not path.exists():
                raise HarvestError(f"Path {number} does not exist. Check its spelling.", code="not_found")
        cohort, new = cohort_for(self, options["cohort"])
        split = Split.GOLD if options["gold"] else Split.POOL
        jobs = (
            create_path_import(
                cohort=cohort, path=path.resolve(), given_phases=given, split=split, site=options["site"]
            )
            for path in options["paths"]
        )
        return run_imports(self, cohort, jobs, options, new=new)
