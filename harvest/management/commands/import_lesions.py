"""`manage.py import_lesions --cohort NAME --study N --mask PATH...`: gold lesions from masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from harvest.domain import LesionClass
from harvest.errors import HarvestError
from harvest.management.base import HarvestCommand, Report
from harvest.selectors.cohorts import cohort_named
from harvest.selectors.studies import study_named
from harvest.services.carrying import DRAWN_ON
from harvest.services.gold import import_masks


class Command(HarvestCommand):
    help = "turns lesion masks (folders of DICOM, DICOM SEG, or volume files) into lesions of a study"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cohort", required=True, metavar="NAME")
        parser.add_argument("--study", required=True, metavar="ORDINAL|UUID")
        parser.add_argument("--mask", nargs="+", required=True, type=Path, action="extend", metavar="PATH")
        parser.add_argument("--phase", help="that the masks were drawn on, where their slices do not say it")
        parser.add_argument("--lesion-class", choices=[c.value for c in LesionClass])

    def run(self, options: dict[str, Any]) -> Report:
        for number, path in enumerate(options["mask"], start=1):
            if not path.exists():
                raise HarvestError(f"Mask {number} does not exist. Check its path.", code="not_found")
        study = study_named(cohort_id=cohort_named(options["cohort"]).pk, name=options["study"])
        chosen = options["lesion_class"]
        added = import_masks(
            study=study,
            masks=options["mask"],
            lesion_class=LesionClass(chosen) if chosen else None,
            phase=options["phase"],
        )
        lines = [f"{len(added)} lesions added to study {study.ordinal}."]
        if not added:
            lines.append("All of them were there already.")
        flags = {s.phase: s.registration.get("flag") for s in study.series.all()}
        for phase in sorted({m.attributes[DRAWN_ON] for m in added if DRAWN_ON in m.attributes}):
            count = sum(m.attributes.get(DRAWN_ON) == phase for m in added)
            doubt = f" That phase is {flags[phase]}: look at them." if flags[phase] else ""
            lines.append(f"{count} were drawn on {phase} and carried over to {study.reference_phase}.{doubt}")
        return Report(
            {
                "study": study.pk,
                "added": [
                    {"id": m.pk, "lo": m.lo, "hi": m.hi, "primary": m.primary, "lesion_class": m.lesion_class}
                    | m.attributes
                    for m in added
                ],
            },
            lines,
        )
