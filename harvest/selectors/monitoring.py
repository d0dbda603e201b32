"""Figures of the whole installation for monitoring: counts alone, nothing of any study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import Count, F, QuerySet
from django.utils import timezone

from harvest.domain import JobState
from harvest.models import (
    DeviceLease,
    HarvestRound,
    ImportJob,
    Lesion,
    Review,
    RoundStudy,
    Study,
    TrainingHost,
    TrainingRun,
)


class Figure(NamedTuple):
    """A gauge as Prometheus has it: its name, what it counts, and one value a set of labels."""

    name: str
    about: str
    label: str
    values: dict[str, float]


def figures() -> Iterator[Figure]:
    """Everything that is worth an alarm or a curve over weeks."""
    yield Figure("harvest_trainings", "Trainings by state.", "state", _by(TrainingRun.objects.all()))
    yield Figure("harvest_rounds", "Rounds by state.", "state", _by(HarvestRound.objects.all()))
    yield Figure(
        "harvest_round_studies", "Studies of rounds by state.", "state", _by(RoundStudy.objects.all())
    )
    yield Figure("harvest_imports", "Imports by state.", "state", _by(ImportJob.objects.all()))
    yield Figure(
        "harvest_studies",
        "Studies by their preparation.",
        "preparation",
        _by(Study.objects.all(), "preparation"),
    )
    yield Figure("harvest_reviews", "Verdicts given.", "", {"": Review.objects.count()})
    yield Figure(
        "harvest_lesions", "Lesions that stand.", "", {"": Lesion.objects.filter(retired_at=None).count()}
    )
    running = TrainingRun.objects.filter(state=JobState.RUNNING).values("kind", "heartbeat_at")
    now = timezone.now()
    yield Figure(
        "harvest_training_silence_seconds",
        "Seconds since a running training was last heard of.",
        "kind",
        {r["kind"]: (now - r["heartbeat_at"]).total_seconds() for r in running if r["heartbeat_at"]},
    )
    hosts = TrainingHost.objects.all()
    yield Figure(
        "harvest_training_devices", "Devices to train on.", "host", {h.name: len(h.devices) for h in hosts}
    )
    leases = DeviceLease.objects.values(name=F("host__name")).annotate(n=Count("pk"))
    yield Figure(
        "harvest_training_devices_leased", "Devices that train.", "host", {r["name"]: r["n"] for r in leases}
    )


def _by(rows: QuerySet, column: str = "state") -> dict[str, float]:
    counted = rows.order_by().values_list(column).annotate(n=Count("pk"))
    return {str(value): float(n) for value, n in counted}
