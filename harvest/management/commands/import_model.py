"""`manage.py import_model FILE`: takes over a model version that another installation exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from harvest.errors import HarvestError
from harvest.management.base import HarvestCommand, Report
from harvest.selectors.people import user_named
from harvest.services.exchange import import_version


class Command(HarvestCommand):
    help = "takes over a model version that another installation exported"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--trust", default="", metavar="FINGERPRINT", help="of a sender not known here yet"
        )
        parser.add_argument("--owner", metavar="LOGIN", help="in whose name")

    def run(self, options: dict[str, Any]) -> Report:
        if not options["file"].is_file():
            raise HarvestError("There is no such file. Check its spelling.", code="not_found")
        owner = user_named(options["owner"]) if options["owner"] else None
        made, checks = import_version(source=options["file"], owner=owner, trust=options["trust"])
        return Report(
            {"name": made.name, "checks": checks},
            [f"{made.name} is here.", *(f"{'yes' if c['holds'] else 'no '}  {c['what']}" for c in checks)],
        )
