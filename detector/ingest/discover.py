"""What lies under a folder: studies with their series, and everything that is left out, by name.

DICOM is known by content, volume files by name. Patient ids and paths stay in memory; what may be stored
of a path is its hash.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from detector.errors import ReadError
from detector.ingest.described import is_described_file
from detector.ingest.dicom_file import is_dicom
from detector.ingest.dicom_header import SliceHeader, read_headers
from detector.ingest.dicom_objects import NotASlice
from detector.ingest.dicom_study import dicom_studies
from detector.ingest.file_study import file_study
from detector.ingest.found import Discovery
from detector.ingest.manifest import MANIFEST_FILE, read_manifests
from detector.ingest.masks import MASK_FOLDER
from detector.ingest.nifti import is_volume_file
from detector.ingest.problems import bad_archive
from detector.ingest.refusals import Refusals
from detector.ingest.truth_file import TRUTH_FILE

_PAPERS = (  # what lies about in archives and holds no image
    ".txt", ".md", ".rst", ".pdf", ".json", ".xml", ".csv", ".tsv", ".html", ".htm", ".css", ".js", ".jpg",
    ".jpeg", ".png", ".gif", ".bmp", ".log", ".cs", ".py", ".sh", ".ini", ".inf", ".exe", ".dll", ".docx",
    ".xlsx", ".yaml", ".yml",
)  # fmt: skip
_SKIPPED_FOLDERS = ("__MACOSX", MASK_FOLDER)
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".7z", ".rar")


def discover(root: Path) -> Discovery:
    """Finds every study below a folder (not an archive: see open_root). Reads headers alone, and
    pixels slice by slice only where slices or series lie at the same places and may be copies.

    An empty folder gives no study and no refusal. A bad file or series never stops the rest.

    Raises:
        ArchiveError: code not_found where the root is no folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise bad_archive("not_found", "There is no such folder.", "Check the path.")
    refusals = Refusals(root)
    slices: list[SliceHeader] = []
    volume_files: dict[Path, list[Path]] = defaultdict(list)
    files = _files(root)
    described = read_manifests(root, [p for p in files if p.name == MANIFEST_FILE], refusals)
    for path in files:
        if path in described.files:
            continue
        if is_dicom(path):
            try:
                found = read_headers(path)
            except ReadError as error:
                refusals.add_error(path, error)
                continue
            if isinstance(found, NotASlice):
                refusals.add(path, found.code, found.message, found.remedy, found.routine, found.group)
            else:
                slices.extend(found)
        elif is_volume_file(path):
            volume_files[path.parent].append(path)
        else:
            _refuse_file(path, refusals)
    studies = dicom_studies(root, slices, refusals)
    for folder in sorted(volume_files):
        study = file_study(root, folder, volume_files[folder], studies, refusals)
        if study:
            studies.append(study)
    studies += described.studies
    return Discovery(sorted(studies, key=lambda s: (s.relative_path, s.key)), refusals.listed())


def _files(root: Path) -> list[Path]:
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        # Beside truth.json the folder truth holds what it was made from: no study of its own.
        skipped = (*_SKIPPED_FOLDERS, "truth") if TRUTH_FILE in names else _SKIPPED_FOLDERS
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in skipped)
        paths = (Path(folder) / n for n in sorted(names) if not n.startswith(".") and n != TRUTH_FILE)
        found.extend(p for p in paths if p.is_file())  # a pipe would be waited for, a device never ends
    return found


def _refuse_file(path: Path, refusals: Refusals) -> None:
    name = path.name.lower()
    if name.endswith(_ARCHIVES):
        refusals.add(
            path,
            "nested_archive",
            "Archives inside a folder are not opened.",
            "Import the archive itself.",
        )
        return
    if is_described_file(path):
        refusals.add(
            path,
            "not_described",
            "The file does not say how it lies in the patient.",
            f"Say its spacing and axes in a {MANIFEST_FILE} beside it (docs/reference/formats.md).",
        )
        return
    papers = path.suffix.lower() in _PAPERS or name.startswith(("license", "readme", "copying"))
    refusals.add(
        path,
        "not_dicom",
        "The file is no DICOM, NIfTI, MHA or NRRD.",
        "Nothing needs to be done." if papers else "Export the series as DICOM, or convert it to NIfTI.",
        routine=papers,
    )
