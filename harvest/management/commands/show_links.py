"""`manage.py show_links --cohort NAME`: whom the pseudonyms stand for, where the installation keeps that."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from harvest.domain import AuditAction
from harvest.errors import HarvestError, NotFound
from harvest.management.base import HarvestCommand, Report
from harvest.models import Cohort


class Command(HarvestCommand):
    help = "shows, from the sealed links, which patient each pseudonym stands for"
    audited = AuditAction.EXPORT

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cohort", required=True, metavar="NAME")
        parser.add_argument("--subject", metavar="PSEUDONYM", help="this one alone")

    def run(self, options: dict[str, Any]) -> Report:
        cohort = Cohort.objects.filter(name=options["cohort"]).first()
        if cohort is None:
            raise NotFound(f"There is no cohort named {options['cohort']}.")
        subjects = cohort.subjects.order_by("pseudonym")
        if options["subject"]:
            subjects = subjects.filter(pseudonym=options["subject"])
        links = {s.pseudonym: s.identifier for s in subjects if s.identifier}
        if not links:
            raise HarvestError(
                "No link is kept here. HARVEST_KEEP_LINKS=1 keeps those of later imports.", code="no_links"
            )
        return Report({"links": links}, [f"{pseudonym}  {whom}" for pseudonym, whom in links.items()])
