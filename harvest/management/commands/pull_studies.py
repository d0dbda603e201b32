"""`manage.py pull_studies --archive NAME --cohort NAME`: finds studies in an archive and imports them."""

from __future__ import annotations

import re
from typing import Any

from django.core.management.base import CommandParser

from harvest.domain import Modality, Split
from harvest.errors import HarvestError
from harvest.management.base import HarvestCommand, Report
from harvest.management.importing import add_arguments, cohort_for, report_of, run_imports
from harvest.models import ArchivePull
from harvest.network.dicomweb import Filters
from harvest.selectors.network import archive_named
from harvest.services.archives import search_archive
from harvest.services.pulls import create_pull, run_pull


class Command(HarvestCommand):
    help = "pulls studies from a DICOMweb archive and imports them into a cohort"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--archive", required=True, metavar="NAME", help="as add_archive named it")
        add_arguments(parser)
        parser.add_argument(
            "--study-date", default="", metavar="A-B", help="YYYYMMDD, or from-to; both included"
        )
        parser.add_argument("--patient-id", default="", metavar="ID")
        parser.add_argument("--accession", default="", metavar="NUMBER")
        parser.add_argument(
            "--description", default="", metavar="TEXT", help="a part of the study description"
        )
        parser.add_argument("--modality", default=Modality.CT.value, choices=[m.value for m in Modality])
        parser.add_argument("--dry-run", action="store_true", help="only list what would be pulled")

    def run(self, options: dict[str, Any]) -> Report:
        archive = archive_named(options["archive"])
        begin, end = _dates(options["study_date"])
        filters = Filters(
            date_from=begin,
            date_to=end,
            patient_id=options["patient_id"],
            accession=options["accession"],
            description=options["description"],
            modality=options["modality"],
        )
        found, more = search_archive(archive=archive, filters=filters)
        if more:
            raise HarvestError(
                f"There are more than {len(found)} such studies. Narrow the dates.", code="too_many"
            )
        if options["dry_run"] or not found:
            lines = [f"{s.date}  {s.instances or '?':>6}  {s.description}" for s in found]
            studies = "study" if len(found) == 1 else "studies"
            return Report({"studies": len(found)}, [*lines, f"{len(found)} {studies} found."], ok=bool(found))
        cohort, new = cohort_for(self, options["cohort"])
        job = create_pull(
            cohort=cohort,
            archive=archive,
            study_uids=[s.study_uid for s in found],
            modality=Modality(options["modality"]),
            split=Split.GOLD if options["gold"] else Split.POOL,
        )
        if run_pull(job_id=job.pk, on_study=self._tell):
            return run_imports(self, cohort, [job], options, new=new)
        return report_of(cohort, [job.pk], new=new)

    def _tell(self, pull: ArchivePull) -> None:
        self.say(f"pulled {pull.studies_done}/{pull.studies} studies, {pull.objects_done} objects")


def _dates(text: str) -> tuple[str, str]:
    """("20240101", "20240131") of "20240101-20240131"; either end may be left out."""
    match = re.fullmatch(r"(\d{8})?(-)?(\d{8})?", text)
    if match is None or (text and not (match[1] or match[3])):
        raise HarvestError("Say --study-date as YYYYMMDD or YYYYMMDD-YYYYMMDD.", code="bad_date")
    return (match[1] or "", match[3] or "") if match[2] else (match[1] or "", match[1] or "")
