"""A study of a round is settled when everybody has read it who should and what they differ in is decided.

Which lesions are truth follows from that: a blind reader's lesions are nobody's until then, and what is said
of a hidden case never counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.utils import timezone

from harvest.consensus import Word, differences, same_lesions
from harvest.domain import ADJUDICATION, QueueState, ReadingPolicy
from harvest.models import Lesion, Reading, RoundStudy
from harvest.selectors.decisions import by_reading, decide, shown_candidates, words
from harvest.services import round_counts


def counts_at_once(row: RoundStudy) -> bool:
    """Whether a lesion of the study is truth as soon as its reader says so."""
    return row.round.reading_policy == ReadingPolicy.ONE and not row.hidden


def settle_if_read(row: RoundStudy) -> None:
    """Settles the study, which is locked, or asks for an adjudicator; nothing while a reading is open."""
    readings = list(row.readings.all())
    if row.settled_at or any(r.state != QueueState.DONE for r in readings):
        return
    adjudicated = any(r.number == ADJUDICATION for r in readings)
    if row.round.reading_policy == ReadingPolicy.TWO_ADJUDICATED and not adjudicated:
        said = words(row)
        if differences(shown_candidates(row), said[1], said[2]):
            _ask_for_adjudication(readings[0])
            return
    row.settled_at = timezone.now()
    row.save(update_fields=["settled_at"])
    round_counts.count(row.round_id, reviewed=1)
    if not row.hidden and row.round.reading_policy != ReadingPolicy.ONE:
        truth = _truth(row, readings, words(row))
        row.lesions.filter(pk__in=truth).update(settled=True)


def unsettle(row: RoundStudy) -> None:
    """Takes that back: the study is being read again."""
    row.settled_at = None
    row.save(update_fields=["settled_at"])
    if not counts_at_once(row):
        row.lesions.update(settled=False)


def _ask_for_adjudication(read: Reading) -> None:
    Reading.objects.create(
        round_study_id=read.round_study_id,
        number=ADJUDICATION,
        round_id=read.round_id,
        arm=read.arm,
        stratum=read.stratum,
        priority=read.priority,
    )


def _truth(row: RoundStudy, readings: Iterable[Reading], said: Mapping[int, Word]) -> set[UUID]:
    """Ids of the lesions that stand: of verdicts that carry a decision (or their corrections), of boxes that
    both readers drew the first one's, and all that the adjudicator drew."""
    decision = decide(
        row.round.reading_policy, by_reading(row.round.reading_policy, readings, row.reviews.all())
    )
    carriers = {r.pk for r in decision.carriers.values()}
    lesions = list(row.lesions.select_related("replaces"))
    carried = {one.pk for one in lesions if _first_of(one, lesions).review_id in carriers}
    both = {first for first, _ in same_lesions(said[1].boxes, said[2].boxes)}
    judge = said.get(ADJUDICATION, Word())
    return carried | both | set(judge.boxes)


def _first_of(lesion: Lesion, lesions: Iterable[Lesion]) -> Lesion:
    """The lesion that this one corrects, however often it was corrected."""
    by_id = {one.pk: one for one in lesions}
    while lesion.replaces_id and lesion.replaces_id in by_id:
        lesion = by_id[lesion.replaces_id]
    return lesion
