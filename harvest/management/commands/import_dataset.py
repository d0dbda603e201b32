"""`manage.py import_dataset SET PATH --cohort NAME`: a public data set as it is published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from detector.datasets.registry import DATASETS
from detector.ingest.phases import PHASES, parse_given
from harvest.domain import Split
from harvest.errors import HarvestError
from harvest.management.base import HarvestCommand, Report
from harvest.management.importing import add_arguments, cohort_for, run_imports
from harvest.services.imports import create_path_import


class Command(HarvestCommand):
    help = "imports a public data set, with its lesions, into a cohort"

    def arguments(self, parser: CommandParser) -> None:
        listed = ", ".join(f"{name} ({known.title})" for name, known in DATASETS.items())
        parser.add_argument("dataset", choices=list(DATASETS), metavar="SET", help=listed)
        parser.add_argument("path", type=Path, metavar="PATH", help="its folder as published, or an archive")
        add_arguments(parser)
        parser.add_argument(
            "--phase",
            action="append",
            default=[],
            metavar="[SERIES=]PHASE",
            help="the phase of scans whose phase the set does not tell, or of one series",
        )

    def run(self, options: dict[str, Any]) -> Report:
        given = parse_given([text for text in options["phase"] if "=" in text])
        phase = _one_phase([text for text in options["phase"] if "=" not in text])
        if not options["path"].exists():
            raise HarvestError("The path does not exist. Check its spelling.", code="not_found")
        cohort, new = cohort_for(self, options["cohort"])
        job = create_path_import(
            cohort=cohort,
            path=options["path"].resolve(),
            given_phases=given,
            split=Split.GOLD if options["gold"] else Split.POOL,
            dataset=options["dataset"],
            dataset_phase=phase,
        )
        return run_imports(self, cohort, [job], options, new=new)


def _one_phase(phases: list[str]) -> str:
    """The phase of the whole set, "" where it is not said."""
    if len(phases) > 1 or not set(phases) <= set(PHASES):
        raise HarvestError(
            f"--phase wants one phase of the whole set ({', '.join(PHASES)}), or SERIES=PHASE.",
            code="phases",
        )
    return phases[0] if phases else ""
