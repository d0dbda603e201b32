"""Labour: when readers were seen at work, and the seconds that makes of each reading."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from harvest.domain import ReadingMode
from harvest.models.base import choices
from harvest.models.reading import Reading


class Activity(models.Model):
    """A reader was at a reading at this moment: append-only. `seconds` is what it counts: the time since the
    reader's activity before it, up to the idle limit (services/labour.py)."""

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False)
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="activities")
    mode = models.CharField(max_length=10, choices=choices(ReadingMode))
    at = models.DateTimeField()
    seconds = models.FloatField()

    class Meta:
        verbose_name_plural = "activities"
        ordering = ("at", "id")
        indexes = [models.Index(fields=("reader", "-at"), name="latest_activity")]


class Labour(models.Model):
    """Seconds of a reader in a mode of a reading: a projection of the activities. Seconds of before
    activities were kept stand here alone."""

    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="labour")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    mode = models.CharField(max_length=10, choices=choices(ReadingMode))
    seconds = models.FloatField(default=0)

    class Meta:
        verbose_name_plural = "labour"
        constraints = [
            models.UniqueConstraint(fields=("reading", "reader", "mode"), name="labour_once_a_mode")
        ]
