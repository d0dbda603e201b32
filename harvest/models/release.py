"""Releases: frozen, hashed data sets."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from harvest.models.base import Base
from harvest.models.cohort import Cohort


class DatasetRelease(Base):
    """What was curated at one moment. The manifest lies in the store under its own hash and never changes."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    manifest_sha256 = models.CharField(max_length=64)
    counts = models.JSONField(default=dict)
    policy = models.JSONField(default=dict)
    note = models.CharField(max_length=200, blank=True)

    class Meta(Base.Meta):
        constraints = [models.UniqueConstraint(fields=("cohort", "number"), name="release_number")]
