"""`manage.py audit list|export|verify`: the audit trail on a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from harvest.domain import AuditAction
from harvest.management.base import HarvestCommand, Report
from harvest.selectors import audit as selectors
from harvest.selectors.cohorts import cohort_named


class Command(HarvestCommand):
    help = "lists and exports the audit trail, and proves that nothing in it was changed or taken out"
    audited: AuditAction | None = None

    def arguments(self, parser: CommandParser) -> None:
        ways = parser.add_subparsers(dest="way", required=True)
        # Subparsers do not inherit it.
        listed, exported, verified = (ways.add_parser(name) for name in ("list", "export", "verify"))
        for way in (listed, exported):
            way.add_argument("--actor", help="a user name")
            way.add_argument("--action", choices=[action.value for action in AuditAction])
            way.add_argument("--cohort", help="a cohort's name")
            way.add_argument("--since", type=_moment, help="2026-01-31, or with a time, UTC")
            way.add_argument("--until", type=_moment, help="up to and without")
        listed.add_argument("--last", type=int, default=50, help="so many of the newest (default 50)")
        exported.add_argument("file", type=Path, help="the CSV file to write")
        verified.add_argument("--head", default="", help="a hash noted earlier, which must still be there")

    def run(self, options: dict[str, Any]) -> Report:
        if options["way"] == "verify":
            return _verified(options["head"])
        asked = {name: options[name] for name in ("actor", "action", "since", "until")}
        cohort = cohort_named(options["cohort"]).pk if options["cohort"] else None
        rows = selectors.events(cohort=cohort, **asked)
        if options["way"] == "list":
            found = list(rows[: options["last"]])[::-1]
            lines = [
                f"{row.at:%Y-%m-%d %H:%M:%S} {row.actor or '-'} {row.action} {row.outcome} "
                f"{row.kind} {row.object_id} {row.via} {row.address}".rstrip()
                for row in found
            ]
            data = [{name: str(getattr(row, name)) for name in selectors.COLUMNS} for row in found]
            return Report({"events": data}, lines or ["Nothing was recorded that fits."])
        self.audited = AuditAction.EXPORT
        with options["file"].open("w", encoding="utf-8", newline="") as file:
            count = sum(1 for line in selectors.table(rows) if file.write(line)) - 1
        return Report({"events": count}, [f"{count} events written to {options['file'].name}."])


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _verified(expected: str) -> Report:
    found = selectors.verify(expected)
    data = {"rows": found.rows, "head": found.head, "broken_at": found.broken_at, "holds": found.holds}
    if found.broken_at is not None:
        line = f"The trail is broken at event {found.broken_at}: it or the one before was changed or removed."
    elif found.has_expected is False:
        line = "The hash given is not in the trail: its newest events were cut off, or it is another trail's."
    else:
        line = f"{found.rows} events, none changed or removed. Note the newest hash elsewhere: {found.head}"
    return Report(data, [line], ok=found.holds)
