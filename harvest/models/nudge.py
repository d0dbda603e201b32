"""Nudges: append-only events that say where a phase lies on the reference grid."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from harvest.models.base import Base, point_field
from harvest.models.study import Series


class PhaseNudge(Base):
    """A person moved a phase: by `offset_mm` (x, y, z in LPS) from where registration had put it, whatever
    was said before. Undo is a further event.

    The id is made by the person's browser, so that a retry stores nothing twice. `revision` counts a phase's
    events from 1 and, once the event is applied, names its image.
    """

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="nudges")
    revision = models.PositiveIntegerField()
    offset_mm = point_field()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta(Base.Meta):
        ordering = ("revision",)
        constraints = [models.UniqueConstraint(fields=("series", "revision"), name="nudge_revision")]
