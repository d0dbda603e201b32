"""Studies from the volume files of a folder: each file a series, masks set aside by name."""

from __future__ import annotations

from pathlib import Path

from detector.errors import ReadError
from detector.ingest.found import FileSource, FoundSeries, FoundStudy, sha256_text
from detector.ingest.nifti import read_geometry, stem
from detector.ingest.phases import hint_from_text
from detector.ingest.refusals import Refusals
from detector.ingest.truth_file import TRUTH_FILE, existing, subject_of

_MASK_WORDS = "liver mask seg segmentation label labels lesion lesions tumor tumour".split()  # noqa: SIM905


def file_study(
    folder: Path, paths: list[Path], known: list[FoundStudy], refusals: Refusals
) -> FoundStudy | None:
    """The volume files of one folder as one study: each file a series, masks set aside."""
    relative = refusals.called(folder)
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
    truth = existing(folder / TRUTH_FILE)
    return FoundStudy(
        key=key,
        subject_key=subject_of(truth) or f"study {key}",
        study_date=None,
        acquisitions=found,
        relative_path=relative,
        truth=truth,
        masks=masks,
    )


def _is_mask_name(name: str) -> bool:
    words = name.lower().replace("-", "_").replace(".", "_").split("_")
    return any(w in _MASK_WORDS for w in words)
