"""What lies under a folder: studies with their series, and everything that is left out, by name.

DICOM is known by content, volume files by name. Patient ids and paths stay in memory; what may be stored
of a path is its hash.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from pathlib import Path

from detector.errors import ReadError
from detector.ingest.described import is_described_file
from detector.ingest.dicom_header import NotASlice, SliceHeader, is_dicom, read_header
from detector.ingest.dicom_series import split_acquisitions, stack_geometry
from detector.ingest.found import (
    DicomSource,
    Discovery,
    FileSource,
    FoundSeries,
    FoundStudy,
    sha256_text,
)
from detector.ingest.manifest import MANIFEST_FILE, read_manifests
from detector.ingest.masks import MASK_FOLDER
from detector.ingest.nifti import is_volume_file, read_geometry, stem
from detector.ingest.phases import hint_from_folder, hint_from_text
from detector.ingest.problems import bad_archive, unreadable
from detector.ingest.refusals import Refusals, relative_path

TRUTH_FILE = "truth.json"
_MASK_WORDS = "liver mask seg segmentation label labels lesion lesions tumor tumour".split()  # noqa: SIM905
_PAPERS = (  # what lies about in archives and holds no image
    ".txt", ".md", ".rst", ".pdf", ".json", ".xml", ".csv", ".tsv", ".html", ".htm", ".css", ".js", ".jpg",
    ".jpeg", ".png", ".gif", ".bmp", ".log", ".cs", ".py", ".sh", ".ini", ".inf", ".exe", ".dll", ".docx",
    ".xlsx", ".yaml", ".yml",
)  # fmt: skip
_SKIPPED_FOLDERS = ("__MACOSX", MASK_FOLDER)
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".7z", ".rar")


def discover(root: Path) -> Discovery:
    """Finds every study below a folder (not an archive: see open_root). Reads headers, no pixels.

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
                header = read_header(path)
            except ReadError as error:
                refusals.add_error(path, error)
                continue
            if isinstance(header, NotASlice):
                refusals.add(path, header.code, header.message, header.remedy, header.routine, header.group)
            else:
                slices.append(header)
        elif is_volume_file(path):
            volume_files[path.parent].append(path)
        else:
            _refuse_file(path, refusals)
    studies = _dicom_studies(root, slices, refusals)
    for folder in sorted(volume_files):
        study = _file_study(root, folder, volume_files[folder], studies, refusals)
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
        found.extend(Path(folder) / n for n in sorted(names) if not n.startswith(".") and n != TRUTH_FILE)
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


# --- DICOM ---


def _dicom_studies(root: Path, slices: list[SliceHeader], refusals: Refusals) -> list[FoundStudy]:
    slices = _one_patient_each(slices, refusals)
    by_study: dict[str, list[SliceHeader]] = defaultdict(list)
    for s in slices:
        by_study[s.study_uid].append(s)
    studies = []
    for uid, members in by_study.items():
        folder = Path(os.path.commonpath([s.path.parent for s in members]))
        acquisitions = _acquisitions(members, refusals)
        if not acquisitions:
            continue
        key = sha256_text(uid)
        studies.append(
            FoundStudy(
                key=key,
                subject_key=members[0].patient or f"study {key}",
                study_date=members[0].study_date,
                acquisitions=acquisitions,
                relative_path=relative_path(root, folder),
                truth=_existing(folder / TRUTH_FILE),
                masks=_mask_folders(folder),
            )
        )
    return studies


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None


def _mask_folders(folder: Path) -> dict[str, Path]:
    """Masks of a DICOM study as folders of DICOM: MASKS_DICOM/NAME in or beside its folder."""
    masks: dict[str, Path] = {}
    for holder in (folder.parent / MASK_FOLDER, folder / MASK_FOLDER):
        if holder.is_dir():
            masks |= {d.name.lower(): d for d in sorted(holder.iterdir()) if d.is_dir()}
    return masks


def _one_patient_each(slices: list[SliceHeader], refusals: Refusals) -> list[SliceHeader]:
    """Drops the folders and studies that mix patients: whose lesion it is must never be in doubt."""
    error = unreadable(
        "two_patients",
        "The images of two patients lie in one folder or study.",
        "Put each patient in a folder of its own and import again.",
    )
    for place in (lambda s: s.path.parent, lambda s: s.study_uid):
        patients: dict[object, set[str]] = defaultdict(set)
        for s in slices:
            patients[place(s)].add(s.patient)
        mixed = {where for where, names in patients.items() if len(names) > 1}
        for s in slices:
            if place(s) in mixed:
                refusals.add_error(s.path, error)
        slices = [s for s in slices if place(s) not in mixed]
    return slices


def _acquisitions(members: list[SliceHeader], refusals: Refusals) -> list[FoundSeries]:
    by_series: dict[str, list[SliceHeader]] = defaultdict(list)
    for s in members:
        by_series[s.series_uid].append(s)
    ordered = sorted(by_series.values(), key=lambda group: (group[0].series_number or 0, group[0].series_uid))
    numbers = Counter(g[0].series_number for g in ordered)
    series_in = defaultdict(set)
    for s in members:
        series_in[s.path.parent].add(s.series_uid)
    found = []
    seen: Counter[str] = Counter()
    for index, group in enumerate(ordered, start=1):
        number = group[0].series_number
        name = f"s{index}" if number is None else str(number)
        try:
            stacks = split_acquisitions(group)
        except ReadError as error:
            refusals.add_error(_first(group), error, f"Series {name}: {error.message}")
            continue
        hint = hint_from_text(group[0].description)
        if hint is None and all(len(series_in[s.path.parent]) == 1 for s in group):
            hint = hint_from_folder(group[0].path.parent.name)
        many = len(stacks) > 1 or numbers[number] > 1
        for stack in stacks:
            seen[name] += 1
            key = f"{name}.{seen[name]}" if len(stacks) > 1 or (many and number is not None) else name
            try:
                grid = stack_geometry(stack)[3]
            except ReadError as error:
                refusals.add_error(_first(stack), error, f"Series {key}: {error.message}")
                continue
            spacing = (float(grid[0]), float(grid[1]), float(grid[2]))
            found.append(FoundSeries(key, "CT", hint, len(stack), spacing, DicomSource(stack)))
    return found


def _first(stack: list[SliceHeader]) -> Path:
    return min(s.path for s in stack)


# --- Volume files ---


def _file_study(
    root: Path, folder: Path, paths: list[Path], known: list[FoundStudy], refusals: Refusals
) -> FoundStudy | None:
    """The volume files of one folder as one study: each file a series, masks set aside."""
    relative = relative_path(root, folder)
    beside_dicom = next((s for s in known if s.relative_path == relative), None)
    masks: dict[str, Path] = {}
    found: list[FoundSeries] = []
    sizes: list[str] = []
    for path in sorted(paths):
        name = stem(path)
        if _is_mask_name(name):
            masks[name.lower()] = path
            continue
        if beside_dicom:
            refusals.add(
                path, "mixed_formats", "A volume file lies among DICOM.", "Give it a folder of its own."
            )
            continue
        try:
            grid = read_geometry(path)
        except ReadError as error:
            refusals.add_error(path, error, f"{name}: {error.message}")
            continue
        hint = hint_from_text(name)
        found.append(FoundSeries(name, "CT", hint, grid.shape_zyx[0], grid.spacing_xyz_mm, FileSource(path)))
        sizes.append(f"{name}:{path.stat().st_size}")
    if beside_dicom:
        beside_dicom.masks.update(masks)
    elif not found:
        for path in masks.values():
            refusals.add(path, "mask", "A mask without its CT is not read.", "Put it beside its CT.", True)
    if not found:
        return None
    # The folder's name alone would make one study of two cohorts' study-0001.
    key = sha256_text("|".join([folder.name, *sizes]))
    truth = _existing(folder / TRUTH_FILE)
    return FoundStudy(
        key=key,
        subject_key=_subject_of(truth) or f"study {key}",
        study_date=None,
        acquisitions=found,
        relative_path=relative,
        truth=truth,
        masks=masks,
    )


def _is_mask_name(name: str) -> bool:
    words = name.lower().replace("-", "_").replace(".", "_").split("_")
    return any(w in _MASK_WORDS for w in words)


def _subject_of(truth: Path | None) -> str:
    if truth is None:
        return ""
    try:
        return str(json.loads(truth.read_text()).get("subject") or "")
    except (OSError, ValueError, AttributeError):
        return ""
