"""Lesions that a reader draws, and what a reader says of a lesion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from detector.errors import GeometryError
from detector.geometry import Box3D
from harvest import engine
from harvest.domain import LesionClass, LesionSource, ReadingMode
from harvest.errors import Conflict, HarvestError, InvalidTransition, NotFound
from harvest.models import Lesion, Study
from harvest.selectors.verdicts import standing
from harvest.services.absence import check_absent_phases
from harvest.services.curation import check_no_contradiction, sync_lesions
from harvest.services.labour import record_activity
from harvest.services.readings import reading_to_write, renew
from harvest.services.settling import counts_at_once

# Handles snap to voxel faces; this much is rounding on the way through JSON.
TOLERANCE_MM = 1e-6


@transaction.atomic
def draw_lesion(
    *,
    id: UUID,
    study_id: UUID,
    reader: User,
    lo: Sequence[float],
    hi: Sequence[float],
    primary: bool,
    lesion_class: LesionClass | None,
    absent_phases: Sequence[str],
    round_study_id: UUID | None,
    replaces_id: UUID | None,
    waited_s: float = 0,
) -> tuple[Lesion, bool]:
    """Stores a drawn box under the id that the reader's browser made; returns it and whether it is new.

    `replaces_id` names the lesion that this one corrects, which is retired. In a round (`round_study_id`) it
    belongs to the reader's reading; `waited_s`: how long ago it was drawn.

    Raises:
        NotFound: no such study, study of a round, or lesion to replace.
        HarvestError: code outside where the box leaves the volume, empty_box, unknown_phase.
        Conflict: code id_reused, already_replaced, leased, read or contradiction.
    """
    study = Study.objects.filter(pk=study_id).first()
    if study is None:
        raise NotFound("There is no such study.")
    reading = reading_to_write(round_study_id, reader) if round_study_id else None
    row = reading.round_study if reading else None
    if row and row.study_id != study.pk:
        raise NotFound("This study of a round is another study.")
    wanted: dict[str, Any] = {
        "study_id": study.pk,
        "reader_id": reader.pk,
        "lo": [float(v) for v in lo],
        "hi": [float(v) for v in hi],
        "source": LesionSource.DRAWN,
        "replaces_id": replaces_id,
    }
    there = Lesion.objects.filter(pk=id).first()
    if there:
        if any(getattr(there, name) != value for name, value in wanted.items()):
            raise Conflict("Another lesion is stored under this id.", code="id_reused")
        return there, False
    _check_box(study, wanted["lo"], wanted["hi"])
    check_absent_phases(study, absent_phases)
    if replaces_id:
        _retire_replaced(study, replaces_id)
    try:
        with transaction.atomic():
            lesion = Lesion.objects.create(
                id=id,
                **wanted,
                round_study=row,
                reference_phase=study.reference_phase,
                frame_of_reference_uid=str(study.geometry.get("frame_of_reference_uid", "")),
                primary=primary,
                lesion_class=lesion_class or "",
                absent_phases=list(absent_phases),
                settled=row is None or counts_at_once(row),
            )
    except IntegrityError as error:
        raise Conflict("Another lesion is stored under this id.", code="id_reused") from error
    if row and reading:
        check_no_contradiction(row, reader, standing(row.reviews.filter(reader=reader)))
        renew(reading)
        record_activity(reading=reading, reader=reader, mode=ReadingMode.DRAW, waited_s=waited_s)
    return lesion, True


@transaction.atomic
def update_lesion(
    *,
    lesion_id: UUID,
    primary: bool | None = None,
    lesion_class: LesionClass | str | None = None,
    absent_phases: Sequence[str] | None = None,
) -> Lesion:
    """Changes what is said of a lesion; its box never changes (draw a successor instead).

    Raises:
        NotFound: no such lesion.
        InvalidTransition: it is retired, or `primary` is given for one that follows from a verdict.
        HarvestError: code unknown_phase.
    """
    lesion = _locked(lesion_id)
    if lesion.retired_at:
        raise InvalidTransition("This lesion was taken back already.")
    if primary is not None and primary != lesion.primary:
        if lesion.source == LesionSource.REVIEW:
            raise InvalidTransition("Whether it is primary follows from its verdict. Change the verdict.")
        lesion.primary = primary
    if lesion_class is not None:
        lesion.lesion_class = lesion_class
    if absent_phases is not None:
        check_absent_phases(lesion.study, absent_phases)
        lesion.absent_phases = list(absent_phases)
    lesion.save(update_fields=["primary", "lesion_class", "absent_phases"])
    return lesion


@transaction.atomic
def retire_lesion(*, lesion_id: UUID) -> None:
    """Takes a drawn lesion back; doing it again changes nothing. A reviewed lesion that it corrected stands
    again, because its verdict still does.

    Raises:
        NotFound: no such lesion.
        InvalidTransition: it was not drawn.
    """
    lesion = _locked(lesion_id)
    if lesion.source != LesionSource.DRAWN:
        raise InvalidTransition("Only a drawn lesion is taken back here. Undo the verdict instead.")
    if lesion.retired_at is None:
        lesion.retired_at = timezone.now()
        lesion.save(update_fields=["retired_at"])
        former = lesion.replaces
        if former and former.review:
            sync_lesions(former.review.round_study, lesion.reader)


def _locked(id: UUID) -> Lesion:
    lesion = Lesion.objects.select_for_update(of=("self",)).select_related("study").filter(pk=id).first()
    if lesion is None:
        raise NotFound("There is no such lesion.")
    return lesion


def _retire_replaced(study: Study, id: UUID) -> None:
    former = Lesion.objects.select_for_update().filter(pk=id, study=study).first()
    if former is None:
        raise NotFound("The study has no such lesion to replace.")
    if former.retired_at or Lesion.objects.filter(replaces=former).exists():
        raise Conflict("This lesion was replaced or taken back already.", code="already_replaced")
    former.retired_at = timezone.now()
    former.save(update_fields=["retired_at"])


def _check_box(study: Study, lo: Sequence[float], hi: Sequence[float]) -> None:
    try:
        box = Box3D(tuple(lo), tuple(hi))  # type: ignore[arg-type]
    except GeometryError as error:
        raise HarvestError(error.message, code="empty_box", details=error.details) from error
    extent = engine.geometry_of(study).extent
    below = any(a < b - TOLERANCE_MM for a, b in zip(box.lo, extent.lo, strict=True))
    above = any(a > b + TOLERANCE_MM for a, b in zip(box.hi, extent.hi, strict=True))
    if below or above:
        raise HarvestError(
            "The box leaves the volume. Draw it within the images.",
            code="outside",
            details=extent.as_json(),
        )
