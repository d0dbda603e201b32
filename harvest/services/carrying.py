"""Lesions that came drawn on another phase than the reference, once the phases lie on one grid."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from detector.geometry import VolumeGeometry
from detector.registration.resample import resample_box
from harvest import engine
from harvest.domain import LesionSource
from harvest.models import Lesion, Study

log = logging.getLogger(__name__)

# Of a lesion that was drawn on another phase and carried over: that phase.
DRAWN_ON = "drawn_on"
# And of one whose place the reference does not show: it cannot stand.
OUTSIDE = "outside_reference"


@transaction.atomic
def carry_over(study: Study) -> None:
    """Gives imported lesions whose boxes lie in another phase their boxes in the reference, by what
    registered that phase; doing it again changes nothing. One that the reference does not show is retired.

    Raises:
        NotFound, ReadError: what the phase was registered by is missing or damaged.
    """
    rows = Lesion.objects.select_for_update().filter(study=study, source=LesionSource.IMPORTED)
    grid = engine.geometry_of(study)
    for lesion in rows.exclude(reference_phase=study.reference_phase):
        phase = lesion.reference_phase
        moving = VolumeGeometry.from_json(study.series.get(phase=phase).geometry)
        transform = engine.transform_of(study.store_key, phase)
        box = resample_box(lesion.box, moving, grid, transform)
        said: dict[str, Any] = {DRAWN_ON: phase, "drawn_box_mm": lesion.box.as_json()}
        if box is None:
            log.warning("study %s: a lesion lies outside of the reference phase", study.pk)
            lesion.retired_at, said[OUTSIDE] = timezone.now(), True
        else:
            lesion.lo, lesion.hi = list(box.lo), list(box.hi)
        lesion.reference_phase = study.reference_phase
        lesion.attributes = {**lesion.attributes, **said}
        lesion.save(update_fields=["lo", "hi", "reference_phase", "attributes", "retired_at"])
