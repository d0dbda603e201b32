"""A COCO export of Harvest (docs/reference/formats.md): dataset.json, and its images as NIfTI."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from detector.datasets.classes import class_named
from detector.datasets.contract import Asked, wrong_layout
from detector.datasets.files import scan_study
from detector.export.coco import read_coco
from detector.export.dataset import ExportError, ExportStudy
from detector.images import same_grid
from detector.ingest.found import Discovery, FoundStudy
from detector.ingest.nifti import read_geometry
from detector.ingest.problems import unreadable
from detector.ingest.refusals import Refusals, below
from detector.ingest.truth import Truth, TruthLesion

FILE = "dataset.json"


@dataclass(frozen=True, slots=True)
class ExportedLesions:
    """The boxes of one study of an export. It does not say whether they are all."""

    study: ExportStudy
    scan: Path

    def read(self) -> Truth:
        """The lesions; raises ReadError, code other_grid, where the images are not those of the boxes."""
        if not same_grid(read_geometry(self.scan), self.study.geometry):
            raise unreadable(
                "other_grid",
                "The images do not lie on the grid that the boxes were written for.",
                "Export the release again, with its images.",
            )
        return Truth(
            tuple(
                TruthLesion(b.box, class_named(b.category), b.primary, b.absent_phases)
                for b in self.study.boxes
            ),
            reference_phase=self.study.reference_phase,
        )


def find(root: Path, asked: Asked) -> Discovery:
    """A study an image of the file; `asked.phase` is not needed, the file says every phase."""
    if not (root / FILE).is_file():
        raise wrong_layout("a COCO export", f"{FILE} and its images")
    try:
        exported = read_coco((root / FILE).read_text())
    except (ExportError, OSError, UnicodeDecodeError) as error:
        raise unreadable(
            "wrong_layout",
            "The file is not a COCO export of Harvest.",
            "Sets of flat images have no place in a patient: convert them to volumes first.",
        ) from error
    refusals = Refusals(root)
    studies: list[FoundStudy | None] = []
    for study in exported:
        scans = {below(root, name): phase for phase, name in study.images.items()}
        missing = next((p for p in scans if not p.is_file()), None)
        if missing:
            refusals.add(
                missing, "missing", "The file names an image that is not here.", "Export it with its images."
            )
            continue
        lesions = ExportedLesions(study, below(root, study.images[study.reference_phase]))
        studies.append(scan_study(root, scans, refusals, subject=study.subject, lesions=lesions))
    return Discovery([s for s in studies if s], refusals.listed())
