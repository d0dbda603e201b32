"""The promotion gate: what versions say of gold cases, how two compare, and what came into use and why."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from harvest.domain import JobState, PromotionGround
from harvest.models.base import Base, choices
from harvest.models.release import DatasetRelease
from harvest.models.training import ModelVersion


class GoldAnswer(Base):
    """What a version says of one gold case (detector.evaluation.answers), asked once and kept.

    `case` is the case with paths relative to the store, and `case_sha256` its hash: a case whose lesions or
    images change is another one.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="answers")
    case_sha256 = models.CharField(max_length=64)
    case = models.JSONField()
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(null=True)
    error = models.JSONField(null=True)

    class Meta(Base.Meta):
        constraints = [models.UniqueConstraint(fields=("version", "case_sha256"), name="case_answered_once")]


class Judgement(Base):
    """A version beside the one in use, on the gold studies of a release: not inferior by more than `margin`?

    `cases` are hashes of the gold cases, `comparison` what detector.evaluation.noninferiority found of their
    answers, and `refusals` what it fails by; `passed` is None until it has succeeded.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="judgements")
    against = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    release = models.ForeignKey(DatasetRelease, on_delete=models.PROTECT, related_name="judgements")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    margin = models.FloatField()
    cases = models.JSONField(default=list)
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    comparison = models.JSONField(null=True)
    refusals = models.JSONField(default=list)
    passed = models.BooleanField(null=True)
    error = models.JSONField(null=True)
    finished_at = models.DateTimeField(null=True)


class Promotion(Base):
    """One change of the version that a kind uses: from which, by whom, on what ground. Never changed."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    previous = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    judgement = models.ForeignKey(Judgement, null=True, on_delete=models.PROTECT, related_name="+")
    ground = models.CharField(max_length=8, choices=choices(PromotionGround))
    reason = models.CharField(max_length=300, blank=True)
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    approver_name = models.CharField(max_length=150, blank=True)
