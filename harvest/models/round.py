"""Harvest rounds: one model version over a cohort, and where each study stands in it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from harvest.domain import JobState, QueueState
from harvest.models.base import Base, choices
from harvest.models.cohort import Cohort
from harvest.models.study import Study
from harvest.models.training import ModelVersion


class HarvestRound(Base):
    """A detector version (and, where there is one, a key slice filter version) over the cohort's pool."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveIntegerField()
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="rounds")
    key_slice_version = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="key_slice_rounds"
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    error = models.JSONField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(Base.Meta):
        constraints = [models.UniqueConstraint(fields=("cohort", "number"), name="round_number")]


class RoundStudy(Base):
    """A study of a round: what the model run came to, and its place in the review queue.

    The queue columns are a projection of the reviews, written in the same transaction as they are.
    """

    round = models.ForeignKey(HarvestRound, on_delete=models.CASCADE, related_name="studies")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="rounds")
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    error = models.JSONField(null=True)
    seconds = models.FloatField(null=True)
    top_score = models.FloatField(null=True)
    queue_state = models.CharField(max_length=8, choices=choices(QueueState), default=QueueState.PENDING)
    leased_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    leased_until = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    # Looking that no verdict carries, from the last verdict to the study's completion by `leased_by`.
    active_seconds = models.FloatField(default=0)

    class Meta(Base.Meta):
        verbose_name_plural = "round studies"
        constraints = [models.UniqueConstraint(fields=("round", "study"), name="study_once_a_round")]
        indexes = [models.Index(fields=("round", "queue_state", "-top_score"), name="review_queue")]
