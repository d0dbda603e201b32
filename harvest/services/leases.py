"""Who reads what next: readings are handed out under a lease, so that two readers never share one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from harvest.domain import LesionClass, QueueState, ReadingPolicy, Strategy
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


# Both are told in SQL, since a reader waits for them: each is one round trip where the ORM takes three, and
# the ORM took longer to write them than the database to answer. A lease that a crash of the database loses
# costs nobody anything, so neither waits for the disk. Number 0 is ADJUDICATION, as in the indexes.
_HOLD = """
WITH kept AS (
    UPDATE harvest_reading SET leased_until = %(until)s
    WHERE round_id = %(round)s AND state = 'leased' AND reader_id = %(reader)s
        AND (number = 0) = %(adjudicate)s
    RETURNING id, round_study_id, leased_at
)
SELECT set_config('synchronous_commit', 'off', true),
    EXISTS (
        SELECT 1 FROM harvest_reading WHERE round_id = %(round)s AND state = 'leased'
            AND reader_id <> %(reader)s AND leased_until <= %(now)s
    ),
    ARRAY(SELECT id FROM kept ORDER BY leased_at, id),
    ARRAY(SELECT round_study_id FROM kept ORDER BY leased_at, id)
"""
_PICK = """
WITH picked AS (
    SELECT row.id FROM unnest(%(arms)s::text[], %(strata)s::text[]) WITH ORDINALITY AS place (arm, stratum, n)
    CROSS JOIN LATERAL (
        SELECT id FROM harvest_reading r
        WHERE round_id = %(round)s AND state = 'pending' AND number <> 0
            AND r.arm = place.arm AND r.stratum = place.stratum {unread}
        ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) row
    LIMIT 1
)
UPDATE harvest_reading SET state = 'leased', reader_id = %(reader)s, leased_at = %(at)s,
    leased_until = %(until)s
FROM picked, set_config('synchronous_commit', 'off', true) WHERE harvest_reading.id = picked.id
RETURNING harvest_reading.id, round_study_id
"""
_PICK_ADJUDICATION = """
UPDATE harvest_reading SET state = 'leased', reader_id = %(reader)s, leased_at = %(at)s,
    leased_until = %(until)s
FROM set_config('synchronous_commit', 'off', true)
WHERE id = (
    SELECT id FROM harvest_reading r
    WHERE round_id = %(round)s AND state = 'pending' AND number = 0 {unread}
    ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, round_study_id
"""
# Only where a study has more than one reading: the reader's other one.
_UNREAD = """AND NOT EXISTS (
    SELECT 1 FROM harvest_reading own WHERE own.round_study_id = r.round_study_id
        AND own.reader_id = %(reader)s
)"""
Held = list[tuple[UUID, UUID]]  # reading, study of the round


def hand_out(*, parent: HarvestRound, reader: User, ahead: int = 0, adjudicate: bool = False) -> Handed:
    """Leases the reader's next studies: those that are open with the reader already, then the best that
    wait, of the random arm as often as its share says; with `adjudicate`, those that await a decision. What
    another request has locked or another reader leased is passed over, and so is what the reader has read
    already. A few reads of an index, however long the queue is."""
    held = _hold(parent, reader, adjudicate=adjudicate)
    while len(held) <= ahead:
        picked = _pick(parent, reader, after=len(held), adjudicate=adjudicate)
        if not picked:
            break
        held += picked
    held = held[: ahead + 1]
    if not held:
        return Handed(None, [])
    record_opening(reading_id=held[0][0], reader=reader, adjudicate=adjudicate)
    ids = [study for _, study in held]
    return Handed(ids[0], ids[1:])


def _hold(parent: HarvestRound, reader: User, *, adjudicate: bool) -> Held:
    """What the reader holds already, in the order in which it was handed out, held for longer. What others
    left lying is free again."""
    now = timezone.now()
    told: dict[str, Any] = {"round": parent.pk, "reader": reader.pk, "adjudicate": adjudicate, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, {**told, "until": now + LEASE})
        (_, expired, readings, studies) = cursor.fetchone()
    if expired:
        _take_back_expired(parent, reader)
    return list(zip(readings, studies, strict=True))


def _pick(parent: HarvestRound, reader: User, *, after: int, adjudicate: bool) -> Held:
    """The best reading that waits, leased; empty where none does."""
    once = parent.reading_policy == ReadingPolicy.ONE
    sql = (_PICK_ADJUDICATION if adjudicate else _PICK).format(unread="" if once else _UNREAD)
    now = timezone.now()
    places = list(_places(parent))
    told: dict[str, Any] = {
        "round": parent.pk,
        "reader": reader.pk,
        # One after the other, so that they come again in the same order.
        "at": now + timedelta(microseconds=after),
        "until": now + LEASE,
        "arms": [arm.value for arm, _ in places],
        "strata": [stratum for _, stratum in places],
    }
    if once:
        return _picked(sql, told)
    while True:
        try:
            with transaction.atomic():
                return _picked(sql, told)
        except IntegrityError:
            # Another window of the reader took the other reading of that study at the same moment. It is
            # through by now, so the study is seen to be the reader's, and passed over.
            continue


def _picked(sql: str, told: dict[str, Any]) -> Held:
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
        return cursor.fetchall()


def _places(parent: HarvestRound) -> Iterator[tuple[Strategy, str]]:
    """Where to look, in order: the arm that is drawn, then the other; classes at random where it has them."""
    arms = [Strategy(parent.strategy), Strategy.RANDOM]
    if random.random() < parent.random_share:
        arms.reverse()
    for arm in dict.fromkeys(arms):
        for stratum in random.sample(STRATA, len(STRATA)) if is_stratified(arm) else ("",):
            yield arm, stratum


@transaction.atomic
def _take_back_expired(parent: HarvestRound, reader: User) -> None:
    held = Reading.objects.filter(round=parent, state=QueueState.LEASED).exclude(reader=reader)
    expired = held.select_for_update(skip_locked=True, of=("self",)).filter(leased_until__lte=timezone.now())
    if ids := list(expired.values_list("pk", flat=True)):
        give_back(Reading.objects.filter(pk__in=ids))
