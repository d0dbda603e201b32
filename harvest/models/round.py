"""Harvest rounds: one model version over a cohort, and where each study stands in it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from harvest.domain import HiddenCase, JobState, ReadingPolicy, Strategy
from harvest.models.base import Base, choices
from harvest.models.cohort import Cohort
from harvest.models.study import Study
from harvest.models.training import ModelVersion


class HarvestRound(Base):
    """A detector version (and, where there is one, a key slice filter version) over the cohort's pool.

    `strategy` orders its review, and `random_share` of its studies are drawn for the random arm instead.
    `scratch_share` of them are read without candidates, as the control arm of the labour ledger, and for each
    hundred there are `hidden_share` times a hundred gold studies that measure the readers. The counts are a
    projection of its studies (services/round_counts.py), so that no page counts them anew; `readings` are
    the blind ones, without those of adjudicators.
    """

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveIntegerField()
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="rounds")
    key_slice_version = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="key_slice_rounds"
    )
    # The version in use that this one is previewed beside; None where it harvests.
    against = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    error = models.JSONField(null=True)
    finished_at = models.DateTimeField(null=True)
    strategy = models.CharField(max_length=16, choices=choices(Strategy), default=Strategy.SCORE)
    random_share = models.FloatField(default=0.1)
    scratch_share = models.FloatField(default=0)
    hidden_share = models.FloatField(default=0)
    reading_policy = models.CharField(
        max_length=16, choices=choices(ReadingPolicy), default=ReadingPolicy.ONE
    )
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    reviewable = models.PositiveIntegerField(default=0)
    reviewed = models.PositiveIntegerField(default=0)
    readings = models.PositiveIntegerField(default=0)
    readings_done = models.PositiveIntegerField(default=0)
    candidate_count = models.PositiveIntegerField(default=0)

    class Meta(Base.Meta):
        constraints = [models.UniqueConstraint(fields=("cohort", "number"), name="round_number")]


class RoundStudy(Base):
    """A study of a round: what the model run came to, and what it is read for.

    `arm` is what shows it to a reader; `stratum` is its pathology class where the arm takes classes in turn,
    else empty. `from_scratch`: read without candidates, for the control arm. `hidden`: a gold study among the
    others, empty for every real one. `settled_at`: every reading is done, and what they differ in decided.
    """

    round = models.ForeignKey(HarvestRound, on_delete=models.CASCADE, related_name="studies")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="rounds")
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.JSONField(null=True)
    seconds = models.FloatField(null=True)
    top_score = models.FloatField(null=True)
    arm = models.CharField(max_length=16, choices=choices(Strategy), default=Strategy.SCORE)
    stratum = models.CharField(max_length=20, blank=True)
    from_scratch = models.BooleanField(default=False)
    hidden = models.CharField(max_length=8, choices=choices(HiddenCase), blank=True)
    settled_at = models.DateTimeField(null=True)
    # Of a preview: what a reader would see changed (harvest.preview.Change); nothing is read where that is
    # nothing.
    differs = models.JSONField(null=True)

    class Meta(Base.Meta):
        verbose_name_plural = "round studies"
        constraints = [models.UniqueConstraint(fields=("round", "study"), name="study_once_a_round")]
