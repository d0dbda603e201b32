"""Gold lesions from masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.db import transaction

from detector.geometry import Box3D
from detector.ingest.masks import boxes_from_mask
from harvest.domain import LesionClass, LesionSource
from harvest.errors import HarvestError
from harvest.models import Lesion, Study
from harvest.services.carrying import DRAWN_ON
from harvest.services.drawn_masks import in_reference, read_drawn_mask
from harvest.services.taking import imported_lesion


def import_masks(
    *, study: Study, masks: Sequence[Path], lesion_class: LesionClass | None, phase: str | None = None
) -> list[Lesion]:
    """Makes a lesion of each connected component of each mask; the largest box is the primary lesion.

    A mask drawn on another phase than the reference is carried over to it (drawn_masks), and its lesions say
    so (attribute DRAWN_ON). `phase` is the one that all of the masks were drawn on, where they do not tell.
    The study counts as complete from then on. Boxes that were imported before are not added again.
    Returns the lesions added.

    Raises:
        ReadError, NotFound, HarvestError: what read_drawn_mask and in_reference raise;
            code empty_mask where there is nothing in any of the masks, mask_elsewhere where one leaves the
            reference.
    """
    found: list[tuple[Box3D, str]] = []
    for number, path in enumerate(masks, start=1):
        drawn = read_drawn_mask(study=study, path=path, number=number, said=phase)
        boxes = boxes_from_mask(in_reference(study, drawn))
        if not boxes and boxes_from_mask(drawn.mask):
            raise HarvestError(
                f"Mask {number} lies outside of what the {study.reference_phase} phase shows.",
                code="mask_elsewhere",
            )
        found += [(box, drawn.phase) for box in boxes]
    if not found:
        raise HarvestError("The masks are empty. Give masks with lesions in them.", code="empty_mask")
    found.sort(key=lambda one: -one[0].volume_mm3)
    with transaction.atomic():
        row = Study.objects.select_for_update().get(pk=study.pk)
        there = {
            (tuple(m.lo), tuple(m.hi))
            for m in row.lesions.filter(source=LesionSource.IMPORTED, retired_at=None)
        }
        has_primary = row.lesions.filter(primary=True, retired_at=None).exists()
        added = Lesion.objects.bulk_create(
            imported_lesion(
                row,
                box,
                primary=i == 0 and not has_primary,
                lesion_class=lesion_class,
                attributes={} if drawn_on == row.reference_phase else {DRAWN_ON: drawn_on},
            )
            for i, (box, drawn_on) in enumerate(found)
            if (box.lo, box.hi) not in there
        )
        row.complete = True
        row.lesion_class = row.lesion_class or (lesion_class or "")
        row.save(update_fields=["complete", "lesion_class"])
    return added
