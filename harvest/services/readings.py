"""A reader's hold on a reading: taken, kept while its reader is at it, given back, opened again.

Every write locks the reading first, so that two clicks of a reader are put one after the other, and the
study of the round where its other readings matter.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from harvest.domain import ADJUDICATION, JobState, QueueState, ReadingPolicy
from harvest.errors import Conflict, InvalidTransition, NotFound
from harvest.models import Reading, RoundStudy
from harvest.services import round_counts
from harvest.services.settling import unsettle

LEASE = timedelta(minutes=10)


def open_readings(row: RoundStudy, *, priority: float) -> int:
    """Makes the readings of a study on which its round has run, as many as the round's policy asks for;
    returns how many."""
    number = 1 if row.round.reading_policy == ReadingPolicy.ONE else 2
    Reading.objects.bulk_create(
        Reading(
            round_study=row,
            number=n,
            round_id=row.round_id,
            arm=row.arm,
            stratum=row.stratum,
            priority=priority,
        )
        for n in range(1, number + 1)
    )
    return number


def reading_to_write(round_study_id: UUID, reader: User) -> Reading:
    """The reader's own reading, locked, with its study of the round; a free one is taken.

    Raises:
        NotFound: no such study of a round.
        InvalidTransition: the round has not run on it (yet).
        Conflict: code leased where another reader holds it, read where everybody has read it who should.
    """
    rows = _locked(Reading.objects.filter(round_study_id=round_study_id))
    own = rows.filter(reader=reader).first()
    if own is not None:
        if own.state == QueueState.PENDING:
            _lease(own, reader)
        return own
    _check_reviewable(round_study_id)
    return take(round_study_id, reader)


def take(round_study_id: UUID, reader: User) -> Reading:
    """Takes a reading of a study that is named, not handed out; raises Conflict as above."""
    others = list(
        _locked(Reading.objects.filter(round_study_id=round_study_id).exclude(number=ADJUDICATION)).order_by(
            "number"
        )
    )
    now = timezone.now()
    for row in others:
        lapsed = row.state == QueueState.LEASED and (row.leased_until is None or row.leased_until <= now)
        if row.state == QueueState.PENDING or lapsed:
            _lease(row, reader)
            return row
    if any(row.state == QueueState.LEASED for row in others):
        raise Conflict("Another reader has this study open. Go on to the next one.", code="leased")
    raise Conflict("This study has been read. Go on to the next one.", code="read")


def renew(row: Reading) -> None:
    """Any activity keeps a study with its reader for ten minutes more; one that was done is open again."""
    if row.state == QueueState.DONE:
        reopen(row)
    row.leased_until = timezone.now() + LEASE
    row.save(update_fields=["leased_until"])


def reopen(row: Reading) -> None:
    """Takes back that a reading is done, and all that followed from it.

    Raises:
        Conflict: code adjudicated where an adjudicator has begun to decide on it.
    """
    parent = RoundStudy.objects.select_for_update().get(pk=row.round_study_id)
    if row.number != ADJUDICATION:
        adjudication = parent.readings.filter(number=ADJUDICATION).first()
        if adjudication and adjudication.state != QueueState.PENDING:
            raise Conflict(
                "An adjudicator has this study. It cannot be changed any more.", code="adjudicated"
            )
        if adjudication:
            adjudication.delete()
    row.state, row.done_at, row.leased_at = QueueState.LEASED, None, timezone.now()
    row.save(update_fields=["state", "done_at", "leased_at"])
    settled = parent.settled_at is not None
    blind = row.number != ADJUDICATION
    round_counts.count(row.round_id, readings_done=-1 if blind else 0, reviewed=-1 if settled else 0)
    if settled:
        unsettle(parent)


@transaction.atomic
def release_study(*, round_study_id: UUID, reader: User) -> None:
    """Gives a lease back; one that is not the reader's stays. Raises NotFound."""
    _check_reviewable(round_study_id)
    give_back(Reading.objects.filter(round_study_id=round_study_id, reader=reader, state=QueueState.LEASED))


def give_back(rows: QuerySet[Reading]) -> None:
    rows.update(state=QueueState.PENDING, reader=None, leased_at=None, leased_until=None)


def _lease(row: Reading, reader: User) -> None:
    now = timezone.now()
    row.state, row.reader = QueueState.LEASED, reader
    row.leased_at, row.leased_until = now, now + LEASE
    row.save(update_fields=["state", "reader", "leased_at", "leased_until"])


def _locked(rows: QuerySet[Reading]) -> QuerySet[Reading]:
    return rows.select_for_update(of=("self",)).select_related("round_study__round", "round_study__study")


def _check_reviewable(round_study_id: UUID) -> None:
    state = RoundStudy.objects.filter(pk=round_study_id).values_list("state", flat=True).first()
    if state is None:
        raise NotFound("There is no such study in a round.")
    if state != JobState.SUCCEEDED:
        raise InvalidTransition("The round has not run on this study (yet).", code="not_reviewable")
