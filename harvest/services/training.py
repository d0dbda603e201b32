"""Trainings: asked for and queued on frozen data. services/supervision.py follows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from harvest.domain import ModelKind
from harvest.errors import Conflict, HarvestError
from harvest.models import DatasetRelease, TrainingHost, TrainingRun
from harvest.queue import TRAIN, enqueue
from harvest.selectors.outlook import obstacle
from harvest.selectors.releases import manifest
from harvest.selectors.versions import promoted
from harvest.services.releases import ensure_release

FAMILIES = {
    ModelKind.DETECTOR: "centernet3d",
    ModelKind.KEY_SLICE_FILTER: "ksf",
    ModelKind.CHARACTERIZER: "sadt",
    ModelKind.LIVER_SEGMENTER: "liver-unet",
}
DEFAULT_SIZE = "small"
HOST_KNOWN = timedelta(hours=1)
PLAIN = (str, int, float, bool)


def check_overrides(overrides: dict[str, Any]) -> None:
    """Raises HarvestError where an override is not a plain value or a list of them."""
    for name, value in overrides.items():
        values = value if isinstance(value, list) else [value]
        if not name.isidentifier() or not all(isinstance(v, PLAIN) for v in values):
            raise HarvestError(
                f"The setting {name} is not a plain value. Write steps=500, lr=0.001 and the like.",
                code="bad_override",
            )


def check_devices(devices: int) -> None:
    """Raises Conflict where no host that was heard of has so many devices: the training would wait for ever.
    Where none was heard of yet, it is left to come."""
    seen = TrainingHost.objects.filter(seen_at__gt=timezone.now() - HOST_KNOWN)
    most = max((len(host.devices) for host in seen), default=devices)
    if devices > most:
        raise Conflict(
            f"No training host has {devices} devices; the largest has {most}. Ask for fewer, or start a "
            "worker there.",
            code="no_such_host",
        )


def release_to_learn_from(*, cohort: UUID, owner: User | None) -> DatasetRelease:
    """The cohort's data as it is now, frozen; the latest release where nothing changed since."""
    return ensure_release(cohort=cohort, owner=owner, note="Frozen for training")


@transaction.atomic
def request_training(
    *,
    cohort: UUID,
    kinds: Sequence[str],
    size: str = DEFAULT_SIZE,
    overrides: dict[str, Any] | None = None,
    devices: int = 1,
    owner: User | None = None,
    reason: str = "asked for",
) -> list[TrainingRun]:
    """Freezes the cohort's data and queues one training a kind; each starts when a host has devices for it.

    Raises:
        NotFound: there is no such cohort.
        Conflict: nothing is curated, nothing can be learned for one of the kinds (says which and why), or no
            host has so many devices.
        HarvestError: an override is not a plain value.
    """
    check_overrides(overrides or {})
    check_devices(devices)
    release = release_to_learn_from(cohort=cohort, owner=owner)
    runs, frozen = [], manifest(release)
    for kind in (k for k in ModelKind if k in kinds):
        if reason_not := obstacle(frozen, kind):
            raise Conflict(reason_not, code="nothing_to_learn", details={"kind": kind.value})
        runs.append(
            queue_training(
                cohort_id=cohort,
                kind=kind,
                size=size,
                overrides=overrides or {},
                devices=devices,
                release=release,
                owner=owner,
                reason=reason,
            )
        )
    return runs


def queue_training(*, kind: ModelKind, size: str, anew: bool = False, **values: Any) -> TrainingRun:
    """A run that waits for its turn, from the promoted version of its kind where that is of its size; from
    random weights where it is trained `anew`."""
    before = None if anew else promoted(kind)
    # Weights of another size cannot be taken over; such a training starts from nothing.
    fits = before and before.registry_name == FAMILIES[kind] and before.plan.get("size") == size
    run = TrainingRun.objects.create(
        kind=kind,
        size=size,
        initial_version=before if fits else None,
        message="waiting for its turn",
        **values,
    )
    enqueue("take_training", queue=TRAIN)
    return run
