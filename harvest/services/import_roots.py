"""Where an import looks: a folder with the archives in it, or one archive, each opened or refused by name."""

from __future__ import annotations

from pathlib import Path

from detector.datasets.registry import find_studies
from detector.errors import ArchiveError
from detector.ingest.archive import Unpacking, is_archive, require_file
from detector.ingest.discover import discover
from detector.ingest.found import Discovery, Refusal, sha256_text
from detector.ingest.nifti import is_volume_file
from harvest.errors import HarvestError
from harvest.models import ImportJob


def look_through(job: ImportJob, unpacking: Unpacking) -> tuple[Discovery, Exception | None]:
    """What lies at the source of an import, and why where nothing but archives is there and none could be
    opened. A data set is read by its layout.

    An archive that cannot be opened is a refusal under its name and stops no other.

    Raises:
        ArchiveError: code disk_full, which no other archive would escape; not_found.
        DetectorError: the root does not hold the data set that it should.
    """
    source = Path(job.source_path)
    if source.is_dir():
        return _looked_through(job, source, unpacking)
    require_file(source)
    try:
        root = unpacking.unpack(source, source.name)
    except ArchiveError as error:
        if error.code == "disk_full":
            raise
        return Discovery([], [_refusal(source.name, error)]), error
    return _looked_through(job, root, unpacking)


def _looked_through(
    job: ImportJob, root: Path, unpacking: Unpacking
) -> tuple[Discovery, HarvestError | None]:
    if job.dataset:
        return find_studies(job.dataset, root, phase=job.dataset_phase or None, unpacking=unpacking), None
    found = discover(root, unpacking)
    paths = [(r, root / r.relative_path) for r in found.refused]
    archives = [r for r, path in paths if is_archive(path) and not is_volume_file(path)]
    if found.studies or not archives or len(archives) < len(found.refused):
        return found, None
    return found, HarvestError(archives[0].message, code=archives[0].code)


def _refusal(name: str, error: ArchiveError) -> Refusal:
    return Refusal(1, name, sha256_text(name), error.code, error.message, error.remedy)
