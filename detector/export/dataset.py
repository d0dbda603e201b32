"""What is exported: studies on their grids with boxes in mm, and the check that a format gave them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from detector.errors import DetectorError
from detector.geometry import Box3D, Vector, VolumeGeometry, VoxelBox
from detector.volume import Volume

TOLERANCE_MM = 1e-3
ANY_LESION = "lesion"


class ExportError(DetectorError):
    """A format did not give back what was put into it, or cannot hold it."""

    code = "export"


@dataclass(frozen=True, slots=True)
class ExportBox:
    """One lesion. `category` is its class, or "lesion" where it has none."""

    id: str
    box: Box3D
    category: str = ANY_LESION
    primary: bool = False
    absent_phases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportStudy:
    """One study, with or without boxes. `images` maps phases to paths relative to the exported file;
    `nudges_mm` says how a person moved phases (x, y, z in LPS), which the images show already."""

    id: str
    subject: str
    split: str
    reference_phase: str
    geometry: VolumeGeometry
    images: Mapping[str, str]
    boxes: tuple[ExportBox, ...] = field(default=())
    nudges_mm: Mapping[str, Vector] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExportData:
    """A release as the formats take it. `studies` can be walked several times, always in the same order.

    `info` says where it comes from: release, manifest_sha256, cohort, frozen_at (an ISO date), and licence
    and description where there are any. `volume` gives the int16 HU of a study's phase (by their ids), all
    phases of a study on its grid; None exports boxes by reference to images that stay where they are.
    """

    studies: Iterable[ExportStudy]
    info: Mapping[str, Any]
    volume: Callable[[str, str], Volume] | None = None


def on_voxels(study: ExportStudy) -> ExportStudy:
    """The study with each box as formats of voxels hold it: the outer faces of the voxels it covers."""
    grid = study.geometry
    boxes = []
    for box in study.boxes:
        covered = grid.slices_from_box(box.box)
        edges = VoxelBox(tuple(s.start for s in covered), tuple(s.stop for s in covered))
        boxes.append(replace(box, box=grid.box_from_voxels(edges)))
    return replace(study, boxes=tuple(boxes))


def check_read_back(
    written: Iterable[ExportStudy], read: Iterable[ExportStudy], *, tolerance_mm: float = TOLERANCE_MM
) -> None:
    """Compares what was read back with what was written, study by study: same studies with
    their subject, split, reference phase and nudges, same lesions and labels, and every corner within
    `tolerance_mm`.

    Raises:
        ExportError: something is missing, added, relabelled or moved; says how many and how far.
    """
    for before, after in zip_longest(written, read):
        if before is None or after is None or before.id != after.id:
            raise ExportError("The export does not hold the studies of the release.")
        if _whose(before) != _whose(after):
            raise ExportError(
                "The export does not say whose a study is and for which split.", details={"study": before.id}
            )
        if before.nudges_mm != after.nudges_mm:
            raise ExportError("The export does not say how phases were moved.", details={"study": before.id})
        if [_label(b) for b in before.boxes] != [_label(b) for b in after.boxes]:
            raise ExportError(
                "The export does not hold the lesions of a study.", details={"study": before.id}
            )
        for a, b in zip(before.boxes, after.boxes, strict=True):
            moved = max(
                abs(p - q) for p, q in zip((*a.box.lo, *a.box.hi), (*b.box.lo, *b.box.hi), strict=True)
            )
            if moved > tolerance_mm:
                raise ExportError(
                    f"A box comes back {moved:.4f} mm from where it was written.",
                    details={"study": before.id, "lesion": a.id, "moved_mm": moved},
                )


def _whose(study: ExportStudy) -> tuple[str, str, str]:
    return (study.subject, study.split, study.reference_phase)


def _label(box: ExportBox) -> tuple[str, str, bool, tuple[str, ...]]:
    return (box.id, box.category, box.primary, tuple(box.absent_phases))
