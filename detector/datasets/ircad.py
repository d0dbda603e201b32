"""3D-IRCADb-01: 3Dircadb1.N with PATIENT_DICOM and MASKS_DICOM, as folders or as the zip files they come in.

Every tumour of a patient is drawn; a patient without tumour masks has none. LABELLED_DICOM and MESHES_VTK
hold the same once more and are not read.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from detector.datasets.contract import Asked, wrong_layout
from detector.datasets.lits import subject_of
from detector.errors import DetectorError
from detector.ingest.discover import discover
from detector.ingest.drawn import DrawnLesions
from detector.ingest.found import Discovery, FoundStudy
from detector.ingest.masks import MASK_FOLDER
from detector.ingest.problems import unreadable
from detector.ingest.refusals import Refusals, relative_path

SCAN_FOLDER = "PATIENT_DICOM"
_FIRST_IN_LITS = 28
_PATIENT = re.compile(r"3dircadb1\.(\d+)")
_TUMOUR = re.compile(r"livertumou?rs?[\d_]*")
_CYST = re.compile(r"liver[ck]yste?s?[\d_]*")


def find(root: Path, asked: Asked) -> Discovery:
    """A study a patient."""
    places = sorted(
        {p.parent for pattern in (SCAN_FOLDER, f"{SCAN_FOLDER}.zip") for p in root.rglob(pattern)}
    )
    if not places:
        raise wrong_layout("3D-IRCADb-01", f"3Dircadb1.1/{SCAN_FOLDER} and {MASK_FOLDER} beside it")
    refusals = Refusals(root)
    studies = []
    for place in places:
        try:
            studies.append(_patient(root, place, asked))
        except DetectorError as error:
            refusals.add(place / SCAN_FOLDER, error.code, error.message, error.remedy)
    return Discovery(studies, refusals.listed())


def _patient(root: Path, place: Path, asked: Asked) -> FoundStudy:
    scan = _folder(root, place, SCAN_FOLDER, asked)
    if scan is None:
        raise unreadable("no_scan", "The patient's scan is not here.", "Unpack the set again.")
    discovery = discover(scan)
    if len(discovery.studies) != 1:
        reasons = "; ".join(dict.fromkeys(r.message for r in discovery.refused if not r.routine))
        raise unreadable(
            "no_study",
            f"The patient's folder holds {len(discovery.studies)} studies, not one. {reasons}".strip(),
            "Unpack the set again.",
        )
    (study,) = discovery.studies
    holder = _folder(root, place, MASK_FOLDER, asked)
    masks = {d.name.lower(): d for d in sorted(holder.iterdir()) if d.is_dir()} if holder else {}
    drawn = [(path, None) for name, path in masks.items() if _TUMOUR.fullmatch(name)]
    cysts = [(path, "cyst") for name, path in masks.items() if _CYST.fullmatch(name)]
    both = [*drawn, *cysts]
    # One scan a patient; where there are several, a person says which is which.
    only = study.acquisitions[0] if len(study.acquisitions) == 1 else None
    return replace(
        study,
        subject_key=_subject(place) or study.subject_key,
        acquisitions=[replace(only, phase_hint=asked.phase or only.phase_hint)]
        if only
        else study.acquisitions,
        relative_path=relative_path(root, place),
        masks={"liver": masks["liver"]} if "liver" in masks else {},
        lesions=DrawnLesions(tuple(p for p, _ in both), tuple(c for _, c in both)) if masks else None,
    )


def _folder(root: Path, place: Path, name: str, asked: Asked) -> Path | None:
    """The folder, or what its zip file holds of it."""
    if (place / name).is_dir():
        return place / name
    if not (place / f"{name}.zip").is_file():
        return None
    packed = place / f"{name}.zip"
    unpacked = asked.unpacking.unpack(packed, relative_path(root, packed))
    return unpacked / name if (unpacked / name).is_dir() else unpacked


def _subject(place: Path) -> str:
    match = _PATIENT.fullmatch(place.name.lower())
    return subject_of(_FIRST_IN_LITS - 1 + int(match[1])) if match else ""
