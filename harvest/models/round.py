"""Harvest rounds: one model version over a cohort, and where each study stands in it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from harvest.domain import JobState, QueueState, Strategy
from harvest.models.base import Base, choices
from harvest.models.cohort import Cohort
from harvest.models.study import Study
from harvest.models.training import ModelVersion


class HarvestRound(Base):
    """A detector version (and, where there is one, a key slice filter version) over the cohort's pool.

    `strategy` orders its review, and `random_share` of its studies are drawn for the random arm instead. The
    counts are a projection of its studies (services/round_counts.py), so that no page counts them anew.
    """

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
    strategy = models.CharField(max_length=16, choices=choices(Strategy), default=Strategy.SCORE)
    random_share = models.FloatField(default=0.1)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    reviewable = models.PositiveIntegerField(default=0)
    reviewed = models.PositiveIntegerField(default=0)
    candidate_count = models.PositiveIntegerField(default=0)

    class Meta(Base.Meta):
        constraints = [models.UniqueConstraint(fields=("cohort", "number"), name="round_number")]


class RoundStudy(Base):
    """A study of a round: what the model run came to, and its place in the review queue.

    The queue columns are a projection of the reviews, written in the same transaction as they are. `arm` is
    what shows it to a reader, the highest `priority` first (sampling/priority.py; null until the round has
    run on it); `stratum` is its pathology class where the arm takes classes in turn, else empty.
    """

    round = models.ForeignKey(HarvestRound, on_delete=models.CASCADE, related_name="studies")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="rounds")
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    error = models.JSONField(null=True)
    seconds = models.FloatField(null=True)
    top_score = models.FloatField(null=True)
    arm = models.CharField(max_length=16, choices=choices(Strategy), default=Strategy.SCORE)
    stratum = models.CharField(max_length=20, blank=True)
    priority = models.FloatField(null=True)
    queue_state = models.CharField(max_length=8, choices=choices(QueueState), default=QueueState.PENDING)
    leased_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    leased_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    # Looking that no verdict carries, from the last verdict to the study's completion by `leased_by`.
    active_seconds = models.FloatField(default=0)

    class Meta(Base.Meta):
        verbose_name_plural = "round studies"
        constraints = [models.UniqueConstraint(fields=("round", "study"), name="study_once_a_round")]
        indexes = [
            # The next study is the first row of the one, what readers hold the few rows of the other.
            models.Index(
                fields=("round", "arm", "stratum", "-priority", "id"),
                condition=Q(queue_state=QueueState.PENDING, priority__isnull=False),
                name="review_queue",
            ),
            models.Index(
                fields=("round", "leased_until"),
                condition=Q(queue_state=QueueState.LEASED),
                name="review_leases",
            ),
        ]
