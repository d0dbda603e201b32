"""`manage.py export_release --cohort NAME --format coco --out DIR`: a release in a format of the field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from harvest.domain import AuditAction
from harvest.engine_release import FILE_NAMES, FORMATS, export_text, write_images
from harvest.errors import HarvestError
from harvest.management.base import HarvestCommand, Report
from harvest.manifest import Manifest
from harvest.models import Study
from harvest.selectors.cohorts import cohort_named
from harvest.selectors.releases import export_info, manifest, release_numbered


class Command(HarvestCommand):
    help = "writes a release in a format of the field, read back and compared before it is there"
    audited = AuditAction.EXPORT

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cohort", required=True, metavar="NAME")
        parser.add_argument("--format", required=True, choices=FORMATS)
        parser.add_argument("--out", required=True, type=Path, metavar="DIR")
        parser.add_argument("--release", type=int, metavar="N", help="the latest where none is named")
        parser.add_argument("--images", action="store_true", help="also write the registered phases as NIfTI")

    def run(self, options: dict[str, Any]) -> Report:
        release = release_numbered(cohort_named(options["cohort"]), options["release"])
        frozen = manifest(release)
        if options["images"]:
            _check_no_writing(frozen)
        text = export_text(frozen, options["format"], export_info(release))
        out: Path = options["out"]
        try:
            out.mkdir(parents=True, exist_ok=True)
            if options["images"]:
                for study in write_images(frozen, out):
                    self.say(f"wrote the images of study {study}")
            (out / FILE_NAMES[options["format"]]).write_text(text, newline="")
        except OSError as error:
            raise HarvestError(
                f"The export cannot be written: {error.strerror}. Choose another --out or free space.",
                code="not_written",
            ) from error
        name = FILE_NAMES[options["format"]]
        data = {"release": release.number, "file": name, "counts": release.counts}
        return Report(data, [f"Release {release.number} is in {name}; read back, every box was the same."])


def _check_no_writing(frozen: Manifest) -> None:
    """Images that seem to bear writing do not leave before a person has looked at them."""
    rows = Study.objects.filter(pk__in=[study["id"] for study in frozen["studies"]])
    if unchecked := [str(row.ordinal) for row in rows if row.unchecked_text]:
        raise HarvestError(
            f"There seems to be writing in the images of study {', '.join(unchecked)}. Look at them on the "
            "Studies page and say that it names nobody, or export without --images.",
            code="unchecked_text",
        )
