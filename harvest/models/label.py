"""Imports of pathology labels from tables."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from harvest.models.base import Base
from harvest.models.cohort import Cohort


class LabelImport(Base):
    """One table that was applied. `changes` is a list of {"row", "study", "before", "after", "outcome"}: the
    class a study had and got, and the outcome (the procedure) that was noted. Nothing of the file is kept."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="label_imports")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    window_days = models.PositiveSmallIntegerField()
    changes = models.JSONField(default=list)
    undone_at = models.DateTimeField(null=True)
