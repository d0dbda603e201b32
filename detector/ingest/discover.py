"""What lies under a folder: studies with their series, and everything that is left out, by name.

DICOM is known by content, archives by content or name, volume files by name. Patient ids and paths stay in
memory; what may be stored of a path is its hash.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from detector.errors import ArchiveError, ReadError
from detector.ingest.archive import Unpacking, is_archive, require_file, unpacking_here
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
    ".xlsx", ".yaml", ".yml", ".doc", ".xls", ".ppt", ".pptx", ".odt", ".ods", ".jar",
)  # fmt: skip
_SKIPPED_FOLDERS = ("__MACOSX", MASK_FOLDER)


def discover(root: Path, unpacking: Unpacking | None = None) -> Discovery:
    """Finds every study below a folder and in the archives there, which go to `unpacking` and must stay there
    as long as the studies are to be read; without it they are refused by name. Reads headers alone, and
    pixels slice by slice only where slices or series lie at the same places and may be copies.

    An empty folder gives no study and no refusal. A bad file, archive or series never stops the rest.

    Raises:
        ArchiveError: code not_found where the root is no folder, disk_full where there is no room to unpack.
    """
    root = Path(root)
    if not root.is_dir():
        raise bad_archive("not_found", "There is no such folder.", "Check the path.")
    refusals = Refusals(root, unpacking.folder if unpacking else None)
    slices: list[SliceHeader] = []
    volume_files: dict[Path, list[Path]] = defaultdict(list)
    others: list[Path] = []
    # A folder that an archive became is looked through like any other, after those before it.
    waiting = deque([root])
    while waiting:
        for path in _files(waiting.popleft()):
            if is_dicom(path):
                _read_slices(path, slices, refusals)
            elif is_volume_file(path):
                volume_files[path.parent].append(path)
            elif not _is_paper(path) and is_archive(path):
                waiting.extend(_unpacked(path, unpacking, refusals))
            else:
                others.append(path)
    described = read_manifests([p for p in others if p.name == MANIFEST_FILE], refusals)
    for path in others:
        if path not in described.files:
            _refuse_file(path, refusals)
    studies = dicom_studies(slices, refusals)
    for folder in sorted(volume_files):
        files = [p for p in volume_files[folder] if p not in described.files]
        study = file_study(folder, files, studies, refusals) if files else None
        if study:
            studies.append(study)
    studies += described.studies
    return Discovery(sorted(studies, key=lambda s: (s.relative_path, s.key)), refusals.listed())


@contextmanager
def discovered(path: Path) -> Iterator[Discovery]:
    """What a folder or an archive holds, its archives unpacked until the block ends; raises as discover, and
    the codes of Unpacking.unpack where the path itself is an archive that cannot be opened."""
    path = Path(path)
    with unpacking_here() as unpacking:
        if path.is_dir():
            yield discover(path, unpacking)
        else:
            require_file(path)
            yield discover(unpacking.unpack(path, path.name), unpacking)


def _read_slices(path: Path, slices: list[SliceHeader], refusals: Refusals) -> None:
    try:
        found = read_headers(path)
    except ReadError as error:
        refusals.add_error(path, error)
        return
    if isinstance(found, NotASlice):
        refusals.add(path, found.code, found.message, found.remedy, found.routine, found.group)
    else:
        slices.extend(found)


def _unpacked(path: Path, unpacking: Unpacking | None, refusals: Refusals) -> list[Path]:
    """The folder that an archive becomes; none where it is refused."""
    try:
        if unpacking is None:
            raise bad_archive(
                "nested_archive",
                "Archives inside a folder are not opened here.",
                "Import the archive itself.",
            )
        return [unpacking.unpack(path, refusals.called(path))]
    except ArchiveError as error:
        if error.code == "disk_full":
            raise
        # Under its own path: an archive is one thing, of which no other is like.
        refusals.add(path, error.code, error.message, error.remedy, group=str(path))
        return []


def _files(root: Path) -> list[Path]:
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        # Beside truth.json the folder truth holds what it was made from: no study of its own.
        skipped = (*_SKIPPED_FOLDERS, "truth") if TRUTH_FILE in names else _SKIPPED_FOLDERS
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in skipped)
        paths = (Path(folder) / n for n in sorted(names) if not n.startswith(".") and n != TRUTH_FILE)
        found.extend(p for p in paths if p.is_file())  # a pipe would be waited for, a device never ends
    return found


def _is_paper(path: Path) -> bool:
    return path.suffix.lower() in _PAPERS or path.name.lower().startswith(("license", "readme", "copying"))


def _refuse_file(path: Path, refusals: Refusals) -> None:
    if is_described_file(path):
        refusals.add(
            path,
            "not_described",
            "The file does not say how it lies in the patient.",
            f"Say its spacing and axes in a {MANIFEST_FILE} beside it (docs/reference/formats.md).",
        )
        return
    papers = _is_paper(path)
    refusals.add(
        path,
        "not_dicom",
        "The file is no DICOM, NIfTI, MHA or NRRD.",
        "Nothing needs to be done." if papers else "Export the series as DICOM, or convert it to NIfTI.",
        routine=papers,
    )
