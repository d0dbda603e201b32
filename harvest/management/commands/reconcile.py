"""`manage.py reconcile`: holds the database against the store; exits with 1 where they differ."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from harvest.management.base import HarvestCommand, Report
from harvest.models import HarvestRound
from harvest.selectors.reconciling import mismatches
from harvest.services.round_counts import recount


class Command(HarvestCommand):
    help = "says what the database and the store do not agree in"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--recount", action="store_true", help="count the rounds anew first")

    def run(self, options: dict[str, Any]) -> Report:
        if options["recount"]:
            for id in HarvestRound.objects.values_list("pk", flat=True):
                recount(round_id=id)
        found = [m._asdict() for m in mismatches()]
        lines = [f"{m['what']} {m['id']}: {m['about']}" for m in found]
        return Report({"mismatches": found}, lines or ["Database and store agree."], ok=not found)
