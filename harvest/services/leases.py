"""Who reads what next: readings are handed out under a lease, so that two readers never share one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from harvest.domain import ADJUDICATION, LesionClass, QueueState, ReadingPolicy, Strategy
from harvest.models import HarvestRound, Reading
from harvest.sampling.arms import is_stratified
from harvest.services.labour import record_opening
from harvest.services.readings import LEASE, give_back

STRATA = ("", *LesionClass)


@dataclass(frozen=True, slots=True)
class Handed:
    """Ids of the study of a round to read now and of those to load ahead, in their order."""

    now: UUID | None
    ahead: list[UUID]


@transaction.atomic
def hand_out(*, parent: HarvestRound, reader: User, ahead: int = 0, adjudicate: bool = False) -> Handed:
    """Leases the reader's next studies: those that are open with the reader already, then the best that
    wait, of the random arm as often as its share says; with `adjudicate`, those that await a decision. What
    another request has locked or another reader leased is passed over, and so is what the reader has read
    already. A few reads of an index, however long the queue is."""
    _take_back_expired(parent, reader)
    held = Reading.objects.filter(round=parent, state=QueueState.LEASED, reader=reader)
    held = held.filter(number=ADJUDICATION) if adjudicate else held.exclude(number=ADJUDICATION)
    # Not locked, and so not skipped while a verdict on it is being stored: the order must last.
    taken = list(held.order_by("leased_at", "pk")[: ahead + 1])
    now = timezone.now()
    while len(taken) <= ahead and (row := _next(parent, reader, adjudicate=adjudicate)):
        row.state, row.reader, row.leased_until = QueueState.LEASED, reader, now + LEASE
        # One after the other, so that they come again in the same order.
        row.leased_at = now + timedelta(microseconds=len(taken))
        row.save(update_fields=["state", "reader", "leased_at", "leased_until"])
        taken.append(row)
    if not taken:
        return Handed(None, [])
    Reading.objects.filter(pk__in=[row.pk for row in taken], state=QueueState.LEASED).update(
        leased_until=now + LEASE
    )
    record_opening(reading=taken[0], reader=reader)
    ids = [row.round_study_id for row in taken]
    return Handed(ids[0], ids[1:])


def _next(parent: HarvestRound, reader: User, *, adjudicate: bool) -> Reading | None:
    """The best reading that waits, locked; None where none does."""
    waiting = Reading.objects.filter(round=parent, state=QueueState.PENDING).order_by("-priority", "pk")
    if parent.reading_policy != ReadingPolicy.ONE:
        own = Reading.objects.filter(round_study=OuterRef("round_study"), reader=reader)
        waiting = waiting.exclude(Exists(own))
    if adjudicate:
        return _locked(waiting.filter(number=ADJUDICATION)).first()
    for arm, stratum in _places(parent):
        if row := _locked(waiting.exclude(number=ADJUDICATION).filter(arm=arm, stratum=stratum)).first():
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
    held = Reading.objects.filter(round=parent, state=QueueState.LEASED).exclude(reader=reader)
    expired = _locked(held.filter(leased_until__lte=timezone.now()))
    if ids := list(expired.values_list("pk", flat=True)):
        give_back(Reading.objects.filter(pk__in=ids))


def _locked(rows: QuerySet[Reading]) -> QuerySet[Reading]:
    return rows.select_for_update(skip_locked=True, of=("self",))
