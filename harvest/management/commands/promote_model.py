"""`manage.py promote_model NAME`: makes a model version the one its kind uses, or rolls back to one."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from harvest.management.base import HarvestCommand, Report
from harvest.selectors.versions import version_named
from harvest.services.versions import promote


class Command(HarvestCommand):
    help = "makes a model version the one its kind uses"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="for example detector-v2")

    def run(self, options: dict[str, Any]) -> Report:
        row = promote(version=version_named(options["name"]).pk)
        return Report({"id": str(row.pk), "name": row.name, "kind": row.kind}, [f"{row.name} is promoted."])
