"""What is exported: studies on their grids with boxes in mm, and the check that a format gave them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from detector.errors import DetectorError
from detector.geometry import Box3D, Vector, VolumeGeometry

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


def check_read_back(
    written: Sequence[ExportStudy], read: Sequence[ExportStudy], *, tolerance_mm: float = TOLERANCE_MM
) -> None:
    """Compares what was read back with what was written: same studies, lesions and labels, and every corner
    within `tolerance_mm`.

    Raises:
        ExportError: something is missing, added, relabelled or moved; says how many and how far.
    """
    if [s.id for s in written] != [s.id for s in read]:
        raise ExportError("The export does not hold the studies of the release.")
    for before, after in zip(written, read, strict=True):
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


def _label(box: ExportBox) -> tuple[str, str, bool, tuple[str, ...]]:
    return (box.id, box.category, box.primary, tuple(box.absent_phases))
