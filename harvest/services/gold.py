"""Gold lesions from masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.db import transaction

from detector.geometry import Box3D, VolumeGeometry
from detector.images import same_grid
from detector.ingest.masks import boxes_from_mask, read_mask
from detector.registration.resample import resample_mask
from detector.volume import Volume
from harvest import engine
from harvest.domain import LesionClass, LesionSource
from harvest.errors import HarvestError
from harvest.models import Lesion, Study
from harvest.services.taking import imported_lesion

# Of a lesion whose mask was drawn on another phase and carried over: that phase.
DRAWN_ON = "drawn_on"


def import_masks(
    *, study: Study, masks: Sequence[Path], lesion_class: LesionClass | None, phase: str | None = None
) -> list[Lesion]:
    """Makes a lesion of each connected component of each mask; the largest box is the primary lesion.

    A mask drawn on another phase's own slices is carried over to the reference by what registered that phase,
    as it is shown now, and its lesions say so (attribute DRAWN_ON). `phase` is the one that all of the masks
    were drawn on; None takes the reference where a mask lies on its grid, else the one phase that it fits.
    The study counts as complete from then on. Boxes that were imported before are not added again.
    Returns the lesions added.

    Raises:
        ReadError: a mask cannot be read.
        NotFound: what the phase was registered by is no longer in the store.
        HarvestError: code unknown_phase; other_grid for a mask that lies on no phase, or on several;
            empty_mask where there is nothing in any of them, mask_elsewhere where a mask leaves the study.
    """
    found: list[tuple[Box3D, str]] = []
    for number, path in enumerate(masks, start=1):
        mask = read_mask(path)
        drawn_on = _phase_of(study, mask.geometry, number, phase)
        boxes = boxes_from_mask(_in_reference(study, mask, drawn_on))
        if not boxes and boxes_from_mask(mask):
            raise HarvestError(
                f"Mask {number} lies outside of what the {study.reference_phase} phase shows.",
                code="mask_elsewhere",
            )
        found += [(box, drawn_on) for box in boxes]
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


def _in_reference(study: Study, mask: Volume, drawn_on: str) -> Volume:
    """The mask on the study's grid, carried over where it was drawn on another phase."""
    if drawn_on == study.reference_phase:
        return mask
    nudge = tuple(study.series.get(phase=drawn_on).nudge_mm)
    transform = engine.transform_of(study.store_key, drawn_on, nudge)
    return resample_mask(mask, engine.geometry_of(study), transform)


def _phase_of(study: Study, grid: VolumeGeometry, number: int, said: str | None) -> str:
    grids = {s.phase: VolumeGeometry.from_json(s.geometry) for s in study.series.all()}
    if said is not None and said not in grids:
        raise HarvestError(
            f"The study has no phase {said}. It has: {', '.join(sorted(grids))}.", code="unknown_phase"
        )
    fitting = sorted(phase for phase, own in grids.items() if same_grid(grid, own))
    wanted = said or study.reference_phase
    if wanted in fitting:
        return wanted
    if said is None and len(fitting) == 1:
        return fitting[0]
    several = f"Mask {number} fits {' and '.join(fitting)}. Say which phase it was drawn on."
    none = (
        f"Mask {number} does not lie on the slices of the {wanted} phase"
        f"{'' if said else ' or of another one'}. Give the mask that was drawn on this study."
    )
    raise HarvestError(
        none if said or not fitting else several,
        code="other_grid",
        details={"mask": grid.as_json(), "study": engine.geometry_of(study).as_json()},
    )
