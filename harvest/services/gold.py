"""Gold lesions from masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.db import transaction

from detector.images import same_grid
from detector.ingest.masks import boxes_from_mask, read_mask
from harvest import engine
from harvest.domain import LesionClass, LesionSource
from harvest.errors import HarvestError
from harvest.models import Lesion, Study
from harvest.services.taking import imported_lesion


def import_masks(*, study: Study, masks: Sequence[Path], lesion_class: LesionClass | None) -> list[Lesion]:
    """Makes a lesion of each connected component of each mask; the largest box is the primary lesion.

    The study counts as complete from then on. Boxes that were imported before are not added again.
    Returns the lesions added.

    Raises:
        ReadError: a mask cannot be read.
        HarvestError: code other_grid for a mask that does not lie on the study's grid, code empty_mask
            where there is nothing in any of them.
    """
    geometry = engine.geometry_of(study)
    boxes = []
    for number, path in enumerate(masks, start=1):
        mask = read_mask(path)
        if not same_grid(mask.geometry, geometry):
            raise HarvestError(
                f"Mask {number} does not lie on the study's grid. Give the mask that was drawn on the "
                f"{study.reference_phase} phase of this study.",
                code="other_grid",
                details={"mask": mask.geometry.as_json(), "study": geometry.as_json()},
            )
        boxes += boxes_from_mask(mask)
    if not boxes:
        raise HarvestError("The masks are empty. Give masks with lesions in them.", code="empty_mask")
    boxes.sort(key=lambda box: -box.volume_mm3)
    with transaction.atomic():
        row = Study.objects.select_for_update().get(pk=study.pk)
        there = {
            (tuple(m.lo), tuple(m.hi))
            for m in row.lesions.filter(source=LesionSource.IMPORTED, retired_at=None)
        }
        has_primary = row.lesions.filter(primary=True, retired_at=None).exists()
        added = Lesion.objects.bulk_create(
            imported_lesion(row, box, primary=i == 0 and not has_primary, lesion_class=lesion_class)
            for i, box in enumerate(boxes)
            if (box.lo, box.hi) not in there
        )
        row.complete = True
        row.lesion_class = row.lesion_class or (lesion_class or "")
        row.save(update_fields=["complete", "lesion_class"])
    return added
