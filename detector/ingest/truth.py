"""What is known to be true of a study when it arrives: truth.json, or masks of its lesions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from detector.errors import GeometryError
from detector.geometry import Box3D, iou
from detector.ingest.found import FoundStudy
from detector.ingest.masks import boxes_from_mask, read_mask
from detector.ingest.problems import unreadable

_LESION_MASKS = ("livertumor", "livertumour", "tumor", "tumour", "lesion")
_SAME_IOU = 0.8


@dataclass(frozen=True, slots=True)
class TruthLesion:
    """One lesion's box (mm, LPS, in the reference phase's frame). `attributes` is what its source says of it
    and is kept as it is."""

    box: Box3D
    lesion_class: str | None
    primary: bool
    absent_phases: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Truth:
    """The lesions of a study. `reference_phase` is None where the source does not say it; `series` is the key
    of the series they were drawn on, where it is one of several. `complete` says whether there are no others;
    None where the source does not say, and the split decides: gold is whole."""

    lesions: tuple[TruthLesion, ...]
    reference_phase: str | None = None
    subject: str | None = None
    lesion_class: str | None = None
    series: str | None = None
    complete: bool | None = None


def read_truth(found: FoundStudy) -> Truth | None:
    """The study's truth: what its data set says, else truth.json, else a box for each component of its lesion
    masks, the largest component of all as the primary lesion. None where none is there.

    Raises:
        ReadError: code truth where truth.json does not say what it must; what reading a mask raises.
    """
    if found.lesions is not None:
        return found.lesions.read()
    if found.truth is not None:
        return _from_json(found)
    boxes: list[Box3D] = []
    for name, place in sorted(found.masks.items()):
        if name.startswith(_LESION_MASKS):
            boxes += boxes_from_mask(read_mask(place))
    return Truth(with_primary([TruthLesion(b, None, False) for b in boxes])) if boxes else None


def with_primary(lesions: Sequence[TruthLesion]) -> tuple[TruthLesion, ...]:
    """The same lesions, the largest marked as the primary one; a lesion that another one repeats (a mask of
    all tumours beside a mask of each) is given once. Cysts are never primary.

    Where volumes are equal the first is primary; no lesion gives none.
    """
    once: list[TruthLesion] = []
    for lesion in lesions:
        if all(iou(lesion.box, other.box) < _SAME_IOU for other in once):
            once.append(lesion)
    tumours = [m for m in once if m.lesion_class != "cyst"]
    largest = max(tumours, key=lambda m: m.box.volume_mm3) if tumours else None
    return tuple(replace(m, primary=m is largest) for m in once)


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
