"""Where an import looks: a folder as it is, or archives, each opened or refused by its own name."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from detector.datasets.registry import find_studies
from detector.errors import ArchiveError
from detector.ingest.archive import open_root
from detector.ingest.discover import discover
from detector.ingest.found import Discovery, Refusal, sha256_text
from harvest.models import ImportJob
from harvest.services.uploads import roots_of


def look_through(job: ImportJob, opened: ExitStack) -> tuple[list[Discovery], ArchiveError | None]:
    """What lies in each root of an import, and the first error where no root could be opened at all. A data
    set is one root, read by its layout.

    An archive that cannot be opened is a refusal under its name and stops no other. Archives stay unpacked
    until `opened` is closed.

    Raises:
        ArchiveError: code disk_full, which no other archive would escape.
        DetectorError: the root does not hold the data set that it should.
    """
    source = Path(job.source_path)
    if job.dataset:
        root = opened.enter_context(open_root(source))
        return [find_studies(job.dataset, root, phase=job.dataset_phase or None, opened=opened)], None
    roots = roots_of(source) if job.is_upload and source.is_dir() else [source]
    found: list[Discovery] = []
    errors: list[ArchiveError] = []
    for root in roots:
        name = "" if root.is_dir() else root.relative_to(source if root != source else root.parent).as_posix()
        try:
            found.append(_placed(discover(opened.enter_context(open_root(root))), name))
        except ArchiveError as error:
            if error.code == "disk_full":
                raise
            errors.append(error)
            refusal = Refusal(1, name, sha256_text(name), error.code, error.message, error.remedy)
            found.append(Discovery([], [refusal]))
    return found, errors[0] if len(errors) == len(roots) else None


def _placed(discovery: Discovery, archive: str) -> Discovery:
    """The same with the archive's name before every path, so that it is known which archive is meant."""
    if not archive:
        return discovery

    def path(inner: str) -> str:
        return archive if inner == "." else f"{archive}/{inner}"

    return Discovery(
        [replace(s, relative_path=path(s.relative_path)) for s in discovery.studies],
        [
            replace(r, relative_path=path(r.relative_path), path_sha256=sha256_text(path(r.relative_path)))
            for r in discovery.refused
        ],
    )
