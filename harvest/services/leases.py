"""Who reads what next: studies are handed out under a lease, so that two readers never share one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from harvest.domain import JobState, QueueState
from harvest.models import HarvestRound, RoundStudy
from harvest.selectors.reviews import places_of_round
from harvest.services.reviews import locked_round_study, renew_lease


@dataclass(frozen=True, slots=True)
class Handed:
    """Ids of the study to read now and of those to load ahead, in their order."""

    now: UUID | None
    ahead: list[UUID]


@transaction.atomic
def hand_out(*, parent: HarvestRound, reader: User, after: UUID | None = None, ahead: int = 0) -> Handed:
    """Leases the reader's next studies. Without `after` the reader's own open study comes again; with it,
    the next in the round's order, from its start again at the end. Studies that another request has
    locked, or another reader leased, are passed over."""
    order = [place.id for place in places_of_round(parent.pk)]
    free = {str(id) for id in _free(reader).filter(round=parent).values_list("pk", flat=True)}
    if after:
        free.discard(str(after))
        start = order.index(str(after)) + 1 if str(after) in order else 0
        order = order[start:] + order[:start]
    else:
        own = {str(id) for id in _own(reader).filter(round=parent).values_list("pk", flat=True)}
        order.sort(key=lambda id: id not in own)
    waiting = [id for id in order if id in free]
    taken: list[RoundStudy] = []
    while waiting and len(taken) <= ahead:
        wanted = ahead + 1 - len(taken)
        looked_at, waiting = waiting[:wanted], waiting[wanted:]
        rows = _free(reader).select_for_update(skip_locked=True, of=("self",)).in_bulk(looked_at)
        locked = {str(id): row for id, row in rows.items()}
        taken += [locked[id] for id in looked_at if id in locked]
    for row in taken:
        renew_lease(row, reader)
    ids = [row.pk for row in taken]
    return Handed(ids[0] if ids else None, ids[1:])


@transaction.atomic
def release_study(*, round_study_id: UUID, reader: User) -> None:
    """Gives a lease back; one that is not the reader's stays. Raises NotFound."""
    row = locked_round_study(round_study_id)
    if row.queue_state == QueueState.LEASED and row.leased_by_id == reader.pk:
        row.queue_state = QueueState.PENDING
        row.leased_by = None
        row.leased_until = None
        row.save(update_fields=["queue_state", "leased_by", "leased_until"])


def _own(reader: User) -> QuerySet[RoundStudy]:
    return RoundStudy.objects.filter(
        state=JobState.SUCCEEDED, queue_state=QueueState.LEASED, leased_by=reader
    )


def _free(reader: User) -> QuerySet[RoundStudy]:
    expired = Q(queue_state=QueueState.LEASED, leased_until__lte=timezone.now())
    own = Q(queue_state=QueueState.LEASED, leased_by=reader)
    return RoundStudy.objects.filter(
        Q(queue_state=QueueState.PENDING) | expired | own, state=JobState.SUCCEEDED
    )
