"""What the sets of volume files share: finding files by name, and a scan with its labels as a study."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from detector.errors import ReadError
from detector.ingest.found import FileSource, FoundSeries, FoundStudy, MaskSource, TruthSource, sha256_text
from detector.ingest.nifti import read_geometry, stem
from detector.ingest.refusals import Refusals, relative_path


def files_below(root: Path) -> Iterator[Path]:
    """Every file below a folder in the order of paths, without hidden ones (a Mac packs `._NAME` beside)."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__MACOSX")
        yield from (Path(folder) / n for n in sorted(names) if not n.startswith("."))


def scan_study(
    root: Path,
    scans: Mapping[Path, str | None],
    refusals: Refusals,
    *,
    subject: str,
    lesions: TruthSource | None = None,
    liver: MaskSource | None = None,
) -> FoundStudy | None:
    """A study of one file a phase (None: unknown), or None with a refusal where a header cannot be read.

    The study goes by its first file; `subject` is its patient in the whole set.
    """
    found, sizes = [], []
    for path, phase in scans.items():
        try:
            grid = read_geometry(path)
        except ReadError as error:
            refusals.add_error(path, error, f"{stem(path)}: {error.message}")
            return None
        found.append(
            FoundSeries(stem(path), "CT", phase, grid.shape_zyx[0], grid.spacing_xyz_mm, FileSource(path))
        )
        sizes.append(f"{path.name}:{path.stat().st_size}")
    return FoundStudy(
        key=sha256_text("|".join([subject, *sizes])),
        subject_key=subject,
        study_date=None,
        acquisitions=found,
        relative_path=relative_path(root, next(iter(scans))),
        lesions=lesions,
        liver_mask=liver,
    )
