"""The counts of a round: a projection of its studies, written in the transaction that changes them."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import F

from harvest.models import HarvestRound
from harvest.selectors.rounds import counted


def count(round_id: UUID, **more: int) -> None:
    """Adds to counts of a round: done, failed, reviewable, reviewed, readings, readings_done,
    candidate_count."""
    HarvestRound.objects.filter(pk=round_id).update(**{name: F(name) + n for name, n in more.items()})


@transaction.atomic
def recount(*, round_id: UUID) -> dict[str, int]:
    """Counts a round anew from its studies, stores that, and returns it."""
    HarvestRound.objects.select_for_update(no_key=True).get(pk=round_id)
    found = counted(round_id)
    HarvestRound.objects.filter(pk=round_id).update(**found)
    return found
