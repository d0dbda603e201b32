"""Releases: frozen, hashed data sets."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from harvest.domain import JobState
from harvest.models.base import Base, choices
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
    # Frozen to measure a round: numbered 0, and no release of the cohort's own.
    of_report = models.BooleanField(default=False)

    class Meta(Base.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=("cohort", "number"), name="release_number", condition=models.Q(of_report=False)
            )
        ]


class ReleaseExport(Base):
    """A release in a format of the field: made once by a worker, downloaded as often as anybody likes.

    `file_name` is what it is called, `store_key` where it lies; `done` of `total` studies were walked in its
    `stage` (writing, checking, packing).
    """

    release = models.ForeignKey(DatasetRelease, on_delete=models.CASCADE, related_name="exports")
    format = models.CharField(max_length=20)
    with_images = models.BooleanField(default=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    stage = models.CharField(max_length=10, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    error = models.JSONField(null=True)
    store_key = models.CharField(max_length=160, blank=True)
    file_name = models.CharField(max_length=160, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta(Base.Meta):
        constraints = [
            models.UniqueConstraint(fields=("release", "format", "with_images"), name="exported_once")
        ]
