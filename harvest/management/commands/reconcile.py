"""`manage.py reconcile`: holds the database against the store; exits with 1 where they differ."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from harvest import store
from harvest.management.base import HarvestCommand, Report
from harvest.models import HarvestRound
from harvest.selectors.reconciling import mismatches, shared_keys
from harvest.services.round_counts import recount


class Command(HarvestCommand):
    help = "says what the database and the store do not agree in"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--recount", action="store_true", help="count the rounds anew first")
        parser.add_argument(
            "--upload", action="store_true", help="first give the S3 bucket what it lacks and the store has"
        )

    def run(self, options: dict[str, Any]) -> Report:
        if options["recount"]:
            for id in HarvestRound.objects.values_list("pk", flat=True):
                recount(round_id=id)
        given = [key for key in sorted(shared_keys()) if store.mend(key)] if options["upload"] else []
        found = [m._asdict() for m in mismatches()]
        lines = [f"{m['what']} {m['id']}: {m['about']}" for m in found]
        lines = [f"uploaded {key}" for key in given] + (lines or ["Database and store agree."])
        told = {"mismatches": found} | ({"uploaded": given} if options["upload"] else {})
        return Report(told, lines, ok=not found)
