"""`manage.py export_model NAME --out DIR`: a model version as a signed file for another installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from harvest.domain import AuditAction
from harvest.errors import HarvestError
from harvest.exchange import SUFFIX, own_fingerprint
from harvest.management.base import HarvestCommand, Report
from harvest.selectors.versions import version_named
from harvest.services.exchange import export_version


class Command(HarvestCommand):
    help = "writes a model version as a signed file for another installation"
    audited = AuditAction.EXPORT

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="for example detector-v2")
        parser.add_argument("--out", required=True, type=Path, metavar="DIR")

    def run(self, options: dict[str, Any]) -> Report:
        row = version_named(options["name"])
        target: Path = options["out"] / f"{row.name}{SUFFIX}"
        try:
            options["out"].mkdir(parents=True, exist_ok=True)
            export_version(version_id=row.pk, out=target)
        except OSError as error:
            raise HarvestError(
                f"The version cannot be written: {error.strerror}. Choose another --out or free space.",
                code="not_written",
            ) from error
        signer = own_fingerprint()
        return Report(
            {"file": target.name, "fingerprint": signer},
            [f"{row.name} is in {target.name}, signed by {signer}."],
        )
