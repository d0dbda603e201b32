"""What is known to be true of a study when it arrives: truth.json, or masks of its lesions."""

from __future__ import annotations

import json
from dataclasses import dataclass

from detector.errors import GeometryError
from detector.geometry import Box3D
from detector.ingest.found import FoundStudy
from detector.ingest.masks import boxes_from_mask, read_mask
from detector.ingest.problems import unreadable

_LESION_MASKS = ("livertumor", "livertumour", "tumor", "tumour", "lesion")


@dataclass(frozen=True, slots=True)
class TruthLesion:
    """One lesion's box (mm, LPS, in the reference phase's frame)."""

    box: Box3D
    lesion_class: str | None
    primary: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """Every lesion of a study. `reference_phase` is None where the source does not say it."""

    lesions: tuple[TruthLesion, ...]
    reference_phase: str | None = None
    subject: str | None = None
    lesion_class: str | None = None


def read_truth(found: FoundStudy) -> Truth | None:
    """The study's truth: truth.json first, else a box for each component of its lesion masks, the largest
    component of all as the primary lesion. None where neither is there.

    Raises:
        ReadError: code truth where truth.json does not say what it must; what reading a mask raises.
    """
    if found.truth is not None:
        return _from_json(found)
    boxes: list[Box3D] = []
    for name, place in sorted(found.masks.items()):
        if name.startswith(_LESION_MASKS):
            boxes += boxes_from_mask(read_mask(place))
    if not boxes:
        return None
    largest = max(boxes, key=lambda b: b.volume_mm3)
    return Truth(tuple(TruthLesion(b, None, b is largest) for b in boxes))


def _from_json(found: FoundStudy) -> Truth:
    try:
        data = json.loads(found.truth.read_text())  # type: ignore[union-attr]
        lesions = tuple(
            TruthLesion(Box3D.from_json(row), row.get("lesion_class"), bool(row.get("primary", False)))
            for row in data["lesions"]
        )
        return Truth(lesions, data.get("reference_phase"), data.get("subject"), data.get("lesion_class"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, GeometryError) as error:
        raise unreadable(
            "truth",
            "The study's truth.json does not say its lesions.",
            'It needs {"lesions": [{"lo": [x, y, z], "hi": [x, y, z]}, ...]} in mm LPS.',
        ) from error
