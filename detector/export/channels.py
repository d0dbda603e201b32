"""What nnU-Net and nnDetection share: a file a channel, painted boxes, and a table of what is in each case.

Every case must have the same channels. A phase that a study lacks is an image of air (-1024 HU throughout)
rather than a reason to drop the phase or the study: archives hold few studies with all four phases, and a
constant channel is something that a network can learn to leave alone. cases.csv says which are real.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from detector.export.dataset import ExportBox, ExportData, ExportError, ExportStudy
from detector.export.images import check_grid, read_nifti
from detector.export.nifti import write_nifti
from detector.export.plan import GOLD, case_name
from detector.volume import AIR_HU, Volume

CASES = "cases.csv"
MISSING = (
    "Every case has every channel. A phase that a study lacks is an image of -1024 HU throughout; "
    f"{CASES} says which phases a case has."
)


def volumes(data: ExportData) -> Callable[[str, str], Volume]:
    """The voxels; raises ExportError where the export has none."""
    if data.volume is None:
        raise ExportError(
            "This format holds images.", remedy="Export it with images, or choose another format."
        )
    return data.volume


def part(study: ExportStudy) -> str:
    """Tr for what is trained on, Ts for the gold split."""
    return "Ts" if study.split == GOLD else "Tr"


def channel_name(study: ExportStudy, number: int) -> str:
    """The file of a channel, relative to the folder that has imagesTr."""
    return f"images{part(study)}/{case_name(study)}_{number:04d}.nii.gz"


def label_name(study: ExportStudy, ending: str = ".nii.gz") -> str:
    """The file of a case's labels, relative to the folder that has labelsTr."""
    return f"labels{part(study)}/{case_name(study)}{ending}"


def with_channels(study: ExportStudy, order: Sequence[str], below: str = "") -> ExportStudy:
    """The study with its images where they lie in this export."""
    return replace(study, images={p: below + channel_name(study, order.index(p)) for p in study.images})


def write_channels(data: ExportData, order: Sequence[str], folder: Path) -> None:
    """All channels of all cases; raises what volumes and write_nifti raise."""
    volume = volumes(data)
    for study in data.studies:
        for number, phase in enumerate(order):
            one = volume(study.id, phase) if phase in study.images else _air(study)
            write_nifti(one, folder / channel_name(study, number))


def check_channels(data: ExportData, order: Sequence[str], folder: Path) -> None:
    """Raises ExportError where a channel is missing, lies elsewhere, or has other voxels."""
    volume = volumes(data)
    for study in data.studies:
        for number, phase in enumerate(order):
            one = volume(study.id, phase) if phase in study.images else _air(study)
            read = read_nifti(folder / channel_name(study, number), study=study.id)
            check_grid(study.geometry, read.geometry, study=study.id)
            if not np.array_equal(one.array_zyx, read.array_zyx):
                raise ExportError(
                    "An image has other voxels than the release.", details={"study": study.id, "phase": phase}
                )


def _air(study: ExportStudy) -> Volume:
    return Volume(np.full(study.geometry.shape_zyx, AIR_HU, np.int16), study.geometry)


def small_last(boxes: Iterable[ExportBox]) -> list[int]:
    """The places of boxes in the order of painting: a small one stays whole within a large one."""
    sized = list(enumerate(boxes))
    return [place for place, box in sorted(sized, key=lambda s: -s[1].box.volume_mm3)]


def write_cases(data: ExportData, path: Path) -> None:
    """A row a case: its name, subject, split and the phases that it has."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("case", "subject", "split", "phases"))
        table.writerows(_rows(data))


def _rows(data: ExportData) -> Iterator[tuple[str, ...]]:
    for s in data.studies:
        yield case_name(s), s.subject, s.split, " ".join(sorted(s.images))
