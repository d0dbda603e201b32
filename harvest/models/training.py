"""Model versions, the runs that made them, and schedules."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_celery_beat.models import PeriodicTask

from harvest.domain import ChainOutcome, Condition, JobState, ModelKind, TrainingSource
from harvest.models.base import Base, choices
from harvest.models.cohort import Cohort
from harvest.models.release import DatasetRelease


class ModelVersion(Base):
    """Weights with all that is known of them. One promoted version a kind is what rounds use by default.

    `name` is kind-vN (detector-v1). `store_key` is the safetensors file in the store, whose plan it holds.
    """

    name = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=20, choices=choices(ModelKind))
    number = models.PositiveIntegerField()
    registry_name = models.CharField(max_length=60)
    store_key = models.CharField(max_length=160)
    weights_sha256 = models.CharField(max_length=64)
    plan = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    provenance = models.JSONField(default=dict)
    card = models.TextField(blank=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    release = models.ForeignKey(DatasetRelease, null=True, on_delete=models.PROTECT, related_name="models")
    promoted = models.BooleanField(default=False)
    # Made to measure a round, never to be used: lists leave it out.
    experimental = models.BooleanField(default=False)

    class Meta(Base.Meta):
        constraints = [
            models.UniqueConstraint(fields=("kind", "number"), name="model_number"),
            models.UniqueConstraint(fields=("kind",), condition=Q(promoted=True), name="one_promoted_a_kind"),
        ]

    def __str__(self) -> str:
        return self.name


class TrustedInstallation(Base):
    """Another Harvest whose signature on a model version a person once took for good."""

    fingerprint = models.CharField(max_length=40, unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)


class TrainingChain(Base):
    """Trainings one after the other, each where the gate let the version before it through: `kinds` in their
    order, on one release. What passes comes into use in the name of the owner."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="chains")
    release = models.ForeignKey(DatasetRelease, on_delete=models.PROTECT, related_name="chains")
    kinds = models.JSONField()
    size = models.CharField(max_length=20)
    overrides = models.JSONField(default=dict)
    devices = models.PositiveSmallIntegerField(default=1)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    reason = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    outcome = models.CharField(max_length=12, choices=choices(ChainOutcome), blank=True)
    message = models.CharField(max_length=300, blank=True)
    finished_at = models.DateTimeField(null=True)


class TrainingRun(Base):
    """One training: the release it learns from (none where its source is synthetic), how far it is, and the
    version it made.

    `heartbeat_at` is written by the supervisor process; a run whose heart stops is interrupted. `attempt`
    counts its starts, so that a supervisor given up for dead writes nothing any more; `fruitless` counts
    those since it last got further, `begun_at_step` being where it stood at the last. It trains on `devices`
    devices of one host. `leftovers`: its folder may hold what it could go on from.
    """

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="training_runs")
    chain = models.ForeignKey(TrainingChain, null=True, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=20, choices=choices(ModelKind))
    size = models.CharField(max_length=20, default="small")
    overrides = models.JSONField(default=dict)
    learns_from = models.CharField(
        max_length=12, choices=choices(TrainingSource), default=TrainingSource.RELEASE
    )
    release = models.ForeignKey(DatasetRelease, null=True, on_delete=models.PROTECT, related_name="runs")
    initial_version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    result = models.OneToOneField(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="training_run"
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    reason = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=choices(JobState), default=JobState.QUEUED)
    step = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    values = models.JSONField(default=dict)
    message = models.CharField(max_length=300, blank=True)
    error = models.JSONField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    devices = models.PositiveSmallIntegerField(default=1)
    attempt = models.PositiveIntegerField(default=0)
    fruitless = models.PositiveSmallIntegerField(default=0)
    begun_at_step = models.PositiveIntegerField(default=0)
    leftovers = models.BooleanField(default=False)


class TrainingHost(Base):
    """A machine whose worker takes trainings, as it was last heard of, with the devices it offers."""

    name = models.CharField(max_length=253, unique=True)
    devices = models.JSONField(default=list)
    seen_at = models.DateTimeField()


class DeviceLease(Base):
    """A device that a running training holds: the database gives no device to two."""

    host = models.ForeignKey(TrainingHost, on_delete=models.CASCADE, related_name="leases")
    device = models.CharField(max_length=20)
    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="leases")

    class Meta(Base.Meta):
        constraints = [models.UniqueConstraint(fields=("host", "device"), name="one_training_a_device")]


class TrainingSchedule(Base):
    """When a cohort's models are retrained unattended; the beat entry is made and kept by the service.

    It is looked at every so many minutes, and starts where its `condition` holds: `amount` new lesions, hours
    of review since it last started, or an agreement in [0, 1] that is no longer reached. Nothing starts in
    quiet hours (of the installation's time zone); what was due then, `waits_for_quiet` hours to end.
    """

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="schedules")
    # Whose name stands under what its chains promote.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    chained = models.BooleanField(default=False)
    kinds = models.JSONField(default=list)
    size = models.CharField(max_length=20, default="small")
    overrides = models.JSONField(default=dict)
    every_minutes = models.PositiveIntegerField()
    condition = models.CharField(max_length=12, choices=choices(Condition), default=Condition.EVERY)
    amount = models.FloatField(null=True)
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    waits_for_quiet = models.BooleanField(default=False)
    last_started_at = models.DateTimeField(null=True)
    enabled = models.BooleanField(default=True)
    periodic_task = models.OneToOneField(PeriodicTask, null=True, on_delete=models.SET_NULL)
    last_outcome = models.CharField(max_length=300, blank=True)
    last_fired_at = models.DateTimeField(null=True)
