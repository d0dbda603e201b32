"""Nudges: a person moves a phase on the reference grid, and its image is made anew."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from detector.errors import DetectorError
from detector.geometry import Vector
from detector.registration.quality import flag_of
from harvest import engine, store
from harvest.errors import Conflict, HarvestError, NotFound
from harvest.models import PhaseNudge, Series
from harvest.queue import RENDER, enqueue, waiting
from harvest.services.tiles import drop_tiles

# A breath moves a liver by a few cm; more is a slip of the hand, or another patient.
MOST_MM = 100.0
_DECIMALS = 3
LOST_AFTER = timedelta(seconds=60)

log = logging.getLogger(__name__)


@transaction.atomic
def nudge_phase(
    *, id: UUID, study_id: UUID, phase: str, by: User, offset_mm: Sequence[float], seen: int
) -> tuple[PhaseNudge, bool]:
    """Says that a phase lies `offset_mm` (x, y, z in LPS, to a thousandth) from where registration put it,
    and has its image made anew; returns the event and whether it is new.

    Args:
        seen: the revision of the latest event that the person saw, 0 for none.
    Raises:
        NotFound: no such study or phase, or code store_missing where its original is gone.
        HarvestError: code reference_phase, too_far.
        Conflict: code nudged_meanwhile where there is an event that the person did not see; id_reused.
    """
    series = _locked(study_id, phase)
    offset = [round(float(v), _DECIMALS) + 0.0 for v in offset_mm]  # + 0.0: no negative zero
    there = PhaseNudge.objects.filter(pk=id).first()
    if there:
        if (there.series_id, there.offset_mm, there.by_id) != (series.pk, offset, by.pk):
            raise Conflict("Another nudge is stored under this id.", code="id_reused")
        return there, False
    _check(series, offset)
    latest = series.nudges.select_related("by").last()
    revision = latest.revision if latest else 0
    if latest and seen != revision:
        raise Conflict(
            f"{latest.by.get_username()} has moved this phase meanwhile. Look at it as it lies now, then "
            "save again what you still want.",
            code="nudged_meanwhile",
            details={"revision": revision, "offset_mm": latest.offset_mm},
        )
    try:
        with transaction.atomic():
            event = PhaseNudge.objects.create(
                id=id, series=series, revision=revision + 1, offset_mm=offset, by=by
            )
    except IntegrityError as error:
        raise Conflict("Another nudge is stored under this id.", code="id_reused") from error
    series.nudge_error = None
    series.save(update_fields=["nudge_error"])
    enqueue("apply_nudge", event.pk, queue=RENDER)
    return event, True


def apply_nudge(*, nudge_id: UUID) -> None:
    """Makes the image that a nudge asks for and shows it from then on; safe to run twice, also at once.

    Does nothing where a later event is there. A failure is kept with the phase by name.
    """
    event = PhaseNudge.objects.select_related("series__study").filter(pk=nudge_id).first()
    if event is None or not _is_latest(event):
        return
    series, study = event.series, event.series.study
    nudge: Vector = tuple(event.offset_mm)
    try:
        image = engine.ensure_registered(study.store_key, series.phase, nudge, engine.geometry_of(study))
        sha256 = store.digest(image)
        figures = _figures(series, nudge)
    except DatabaseError:
        raise
    except Exception as error:
        _fail(event, error)
        return
    if _show(event, figures, sha256):
        # Tiles of the new revision have keys of their own; those of the old one are of no use to anybody.
        drop_tiles(study=study)


def resend_lost_nudges() -> None:
    """Sends again what was asked for a while ago and is neither shown nor refused: its worker was lost, or
    its message."""
    old = timezone.now() - LOST_AFTER
    pending = PhaseNudge.objects.filter(
        created_at__lt=old, revision__gt=F("series__image_revision"), series__nudge_error=None
    )
    latest = [event for event in pending if _is_latest(event)]
    if latest and waiting(RENDER) == 0:
        for event in latest:
            enqueue("apply_nudge", event.pk, queue=RENDER)


def _check(series: Series, offset: list[float]) -> None:
    phase, study = series.phase.replace("_", " "), series.study
    if series.phase == study.reference_phase:
        raise HarvestError(
            f"The {phase} phase is the reference that the others are laid onto, so it stays. Move another.",
            code="reference_phase",
        )
    if max(abs(v) for v in offset) > MOST_MM:
        raise HarvestError(
            f"A phase is moved by at most {MOST_MM:g} mm an axis. See that it is of this patient.",
            code="too_far",
        )
    engine.require_ready(study)
    engine.original_volume(study.store_key, series.phase)
    engine.transform_of(study.store_key, series.phase)


def _figures(series: Series, nudge: Vector) -> dict[str, Any]:
    """The phase's quality figures with that of the nudge, and its flag judged anew."""
    figures = {k: v for k, v in series.registration.items() if k != "similarity_nudged"}
    similarity = engine.liver_similarity(series.study, series.phase, nudge)
    if any(nudge):
        figures["similarity_nudged"] = round(similarity, 5)
    return figures | {"flag": flag_of(similarity=similarity, refused=bool(figures.get("refused")))}


@transaction.atomic
def _show(event: PhaseNudge, figures: dict[str, Any], image_sha256: str) -> bool:
    series = Series.objects.select_for_update().get(pk=event.series_id)
    if event.revision <= series.image_revision or not _is_latest(event):
        return False
    series.nudge_mm, series.image_revision = event.offset_mm, event.revision
    series.registration, series.nudge_error = figures, None
    series.image_sha256 = image_sha256
    series.save(update_fields=["nudge_mm", "image_revision", "registration", "nudge_error", "image_sha256"])
    return True


@transaction.atomic
def _fail(event: PhaseNudge, error: Exception) -> None:
    if isinstance(error, HarvestError | DetectorError):
        what = {"code": error.code, "message": str(error)}
    else:
        # The text of an unforeseen error may quote data; its type is enough to find it in the code.
        what = {"code": "internal", "message": f"The image could not be made ({type(error).__name__})."}
    log.error("nudge %s failed: %s", event.pk, what["code"])
    series = Series.objects.select_for_update().get(pk=event.series_id)
    if _is_latest(event):
        series.nudge_error = what
        series.save(update_fields=["nudge_error"])


def _is_latest(event: PhaseNudge) -> bool:
    return not PhaseNudge.objects.filter(series_id=event.series_id, revision__gt=event.revision).exists()


def _locked(study_id: UUID, phase: str) -> Series:
    rows = Series.objects.select_for_update(of=("self",)).select_related("study")
    series = rows.filter(study_id=study_id, phase=phase).first()
    if series is None:
        raise NotFound(f"There is no such study, or it has no {phase} phase.", code="phase_absent")
    return series
