"""A first detector where nobody has marked anything: asked for here, trained as any other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from harvest.domain import ENDED, ModelKind, PreparationState, Split, TrainingSource
from harvest.errors import Conflict
from harvest.models import DatasetRelease, Study, TrainingRun
from harvest.selectors.cohorts import cohort_row
from harvest.selectors.manifest import unmarked
from harvest.services.training import (
    DEFAULT_SIZE,
    check_overrides,
    queue_training,
    release_to_learn_from,
)
from harvest.services.turns import take_turn


@transaction.atomic
def request_cold_start(
    *,
    cohort: UUID,
    size: str = DEFAULT_SIZE,
    overrides: dict[str, Any] | None = None,
    owner: User | None = None,
) -> TrainingRun:
    """Queues the training of a detector on synthetic lesions in the cohort's unmarked livers.

    Raises:
        NotFound: there is no such cohort.
        Conflict: no unmarked study of the pool is prepared with a liver, or such a training is already on its
            way.
        HarvestError: an override is not a plain value.
    """
    check_overrides(overrides or {})
    row = cohort_row(cohort)
    take_turn("training")
    if not unmarked(cohort).exists():
        raise Conflict(
            "No unmarked study of the pool is prepared with a liver yet. Import studies, and wait until they "
            "are prepared.",
            code="nothing_to_learn",
        )
    before = TrainingRun.objects.filter(cohort=row, learns_from=TrainingSource.SYNTHETIC).exclude(
        state__in=ENDED
    )
    if before.exists():
        raise Conflict("A first detector is already being trained on this cohort.", code="already_running")
    return queue_training(
        kind=ModelKind.DETECTOR,
        size=size,
        cohort_id=cohort,
        learns_from=TrainingSource.SYNTHETIC,
        release=_to_be_judged_on(cohort, owner),
        overrides=overrides or {},
        owner=owner,
        reason="A first detector, from unmarked studies.",
    )


def _to_be_judged_on(cohort: UUID, owner: User | None) -> DatasetRelease | None:
    """The cohort as it is now, frozen, where it has gold studies."""
    gold = Study.objects.filter(
        cohort_id=cohort, subject__split=Split.GOLD, complete=True, preparation=PreparationState.READY
    )
    return release_to_learn_from(cohort=cohort, owner=owner) if gold.exists() else None
