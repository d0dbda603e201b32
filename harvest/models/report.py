"""What a round bought: trainings with and without what its readers said, alike in all else."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from harvest.domain import JobState, ReportArm
from harvest.models.base import Base, choices
from harvest.models.judgement import Judgement
from harvest.models.release import DatasetRelease
from harvest.models.round import HarvestRound
from harvest.models.training import TrainingRun


class RoundReport(Base):
    """Detectors of one size and seed, each from random weights, on what stood after each round: the
    difference of the last two on the gold set is what the last round bought.

    `with_without` compares the last point with the one before, `with_random` with what the studies drawn by
    chance alone teach; either is None where a side of it could not be trained.
    """

    round = models.ForeignKey(HarvestRound, on_delete=models.CASCADE, related_name="reports")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    size = models.CharField(max_length=20)
    overrides = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    message = models.CharField(max_length=300, blank=True)
    with_without = models.ForeignKey(Judgement, null=True, on_delete=models.PROTECT, related_name="+")
    with_random = models.ForeignKey(Judgement, null=True, on_delete=models.PROTECT, related_name="+")
    finished_at = models.DateTimeField(null=True)


class ReportPoint(Base):
    """What stood after the round of number `upto` (0: what came with its studies), in an arm. `minutes` were
    spent on it by readers; `run` is None where nothing could be learned from it, and `message` says why."""

    report = models.ForeignKey(RoundReport, on_delete=models.CASCADE, related_name="points")
    arm = models.CharField(max_length=8, choices=choices(ReportArm))
    upto = models.PositiveIntegerField()
    release = models.ForeignKey(DatasetRelease, null=True, on_delete=models.PROTECT, related_name="+")
    run = models.OneToOneField(TrainingRun, null=True, on_delete=models.PROTECT, related_name="report_point")
    studies = models.PositiveIntegerField(default=0)
    lesions = models.PositiveIntegerField(default=0)
    minutes = models.FloatField(default=0)
    message = models.CharField(max_length=300, blank=True)

    class Meta(Base.Meta):
        ordering = ("arm", "upto")
        constraints = [models.UniqueConstraint(fields=("report", "arm", "upto"), name="report_point_once")]
