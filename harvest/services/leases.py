"""Who reads what next: studies are handed out under a lease, so that two readers never share one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from harvest.domain import LesionClass, QueueState, Strategy
from harvest.models import HarvestRound, RoundStudy
from harvest.sampling.arms import is_stratified
from harvest.services.reviews import LEASE, locked_round_study

STRATA = ("", *LesionClass)


@dataclass(frozen=True, slots=True)
class Handed:
    """Ids of the study to read now and of those to load ahead, in their order."""

    now: UUID | None
    ahead: list[UUID]


@transaction.atomic
def hand_out(*, parent: HarvestRound, reader: User, ahead: int = 0) -> Handed:
    """Leases the reader's next studies: those that are open with the reader already, then the best that
    wait, of the random arm as often as its share says. What another request has locked or another reader
    leased is passed over. A few reads of an index, however long the queue is."""
    _take_back_expired(parent, reader)
    held = RoundStudy.objects.filter(round=parent, queue_state=QueueState.LEASED, leased_by=reader)
    taken = list(_locked(held).order_by("leased_at", "pk")[: ahead + 1])
    while len(taken) <= ahead and (row := _next(parent)):
        row.queue_state = QueueState.LEASED
        row.leased_by = reader
        row.leased_at = timezone.now()
        row.save(update_fields=["queue_state", "leased_by", "leased_at"])
        taken.append(row)
    ids = [row.pk for row in taken]
    RoundStudy.objects.filter(pk__in=ids).update(leased_until=timezone.now() + LEASE)
    return Handed(ids[0] if ids else None, ids[1:])


@transaction.atomic
def release_study(*, round_study_id: UUID, reader: User) -> None:
    """Gives a lease back; one that is not the reader's stays. Raises NotFound."""
    row = locked_round_study(round_study_id)
    if row.queue_state == QueueState.LEASED and row.leased_by_id == reader.pk:
        _give_back(RoundStudy.objects.filter(pk=row.pk))


def _next(parent: HarvestRound) -> RoundStudy | None:
    """The best study that waits, locked; None where none does."""
    waiting = RoundStudy.objects.filter(
        round=parent, queue_state=QueueState.PENDING, priority__isnull=False
    ).order_by("-priority", "pk")
    for arm, stratum in _places(parent):
        if row := _locked(waiting.filter(arm=arm, stratum=stratum)).first():
            return row
    return None


def _places(parent: HarvestRound) -> Iterator[tuple[Strategy, str]]:
    """Where to look, in order: the arm that is drawn, then the other; classes at random where it has them."""
    arms = [Strategy(parent.strategy), Strategy.RANDOM]
    if random.random() < parent.random_share:
        arms.reverse()
    for arm in dict.fromkeys(arms):
        for stratum in random.sample(STRATA, len(STRATA)) if is_stratified(arm) else ("",):
            yield arm, stratum


def _take_back_expired(parent: HarvestRound, reader: User) -> None:
    """What others left lying is free again; what the reader left comes to the reader first."""
    held = RoundStudy.objects.filter(round=parent, queue_state=QueueState.LEASED).exclude(leased_by=reader)
    expired = _locked(held.filter(leased_until__lte=timezone.now()))
    if ids := list(expired.values_list("pk", flat=True)):
        _give_back(RoundStudy.objects.filter(pk__in=ids))


def _give_back(rows: QuerySet[RoundStudy]) -> None:
    rows.update(queue_state=QueueState.PENDING, leased_by=None, leased_at=None, leased_until=None)


def _locked(rows: QuerySet[RoundStudy]) -> QuerySet[RoundStudy]:
    return rows.select_for_update(skip_locked=True, of=("self",))
