"""`manage.py promote_model NAME`: makes a model version the one its kind uses, or rolls back to one."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from harvest.domain import AuditAction
from harvest.management.base import HarvestCommand, Report
from harvest.selectors.people import user_named
from harvest.selectors.versions import version_named
from harvest.services.promotion import promote


class Command(HarvestCommand):
    help = "makes a model version the one its kind uses"
    audited = AuditAction.PROMOTE

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="for example detector-v2")
        parser.add_argument("--approver", metavar="LOGIN", help="in whose name")
        parser.add_argument(
            "--reason", default="", help="why it is used though the gate did not let it through"
        )

    def run(self, options: dict[str, Any]) -> Report:
        approver = user_named(options["approver"]) if options["approver"] else None
        version = version_named(options["name"]).pk
        row = promote(version=version, approver=approver, reason=options["reason"])
        return Report({"id": str(row.pk), "name": row.name, "kind": row.kind}, [f"{row.name} is promoted."])
