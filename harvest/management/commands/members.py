"""`manage.py members COHORT`: who is in a cohort; adds and removes people, closes and opens it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from harvest.domain import AuditAction
from harvest.management.base import HarvestCommand, Report
from harvest.selectors import members as selectors
from harvest.selectors.cohorts import cohort_named
from harvest.services.members import set_members


class Command(HarvestCommand):
    help = "shows or changes who is in a cohort, and whether it is for its members only"
    audited: AuditAction | None = None

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("cohort", help="its name")
        parser.add_argument("--add", action="append", default=[], metavar="NAME", help="makes a member")
        parser.add_argument("--remove", action="append", default=[], metavar="NAME", help="takes one out")
        openness = parser.add_mutually_exclusive_group()
        openness.add_argument("--close", action="store_true", help="shows the cohort to its members only")
        openness.add_argument("--open", action="store_true", help="shows it to everyone of a role")

    def run(self, options: dict[str, Any]) -> Report:
        row = cohort_named(options["cohort"])
        names = {person.username for person in selectors.members(row.pk)}
        closed = options["close"] or (row.members_only and not options["open"])
        wanted = (names | set(options["add"])) - set(options["remove"])
        if wanted != names or closed != row.members_only:
            self.audited = AuditAction.MEMBERS
            set_members(cohort=row.pk, usernames=wanted, members_only=closed)
        of = "its members only" if closed else "everyone of a role"
        data = {"cohort": row.name, "members_only": closed, "members": sorted(wanted)}
        listed = ", ".join(sorted(wanted)) or "nobody"
        return Report(data, [f"{row.name} is open to {of}. Members: {listed}."])
