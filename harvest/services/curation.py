"""From verdicts to lesions: the lesions of a study in a round are a projection of its reviews.

`sync_lesions` may be called at any time and as often as one likes; it writes what the events say.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from harvest.consensus import ACCEPTING
from harvest.domain import LesionSource, Verdict
from harvest.errors import Conflict
from harvest.models import Candidate, Lesion, Review, RoundStudy
from harvest.selectors.studies import seen_by
from harvest.selectors.verdicts import Verdicts, standing
from harvest.services.settling import counts_at_once


def events_of(row: RoundStudy, reader: User | None) -> list[Review]:
    """The events that count for a reader of a study: where one reads it, whoever spoke last is meant."""
    return list(row.reviews.all() if counts_at_once(row) else row.reviews.filter(reader=reader))


def sync_lesions(row: RoundStudy, reader: User | None, events: list[Review] | None = None) -> Verdicts:
    """Makes, retires or restores the reviewed lesions of a study so that exactly those stand whose verdict
    stands; returns the verdicts. One that was redrawn stays retired while its successor stands.

    `events` are `events_of` the study and reader, where they are at hand. Lesions of a blind reader are not
    settled before the study is.
    """
    whose = Q() if counts_at_once(row) else Q(reader=reader)
    verdicts = standing(events_of(row, reader) if events is None else events)
    accepted = {r.pk: r for r in verdicts.of_candidate.values() if r.verdict in ACCEPTING}
    there = Lesion.objects.filter(whose, review__round_study=row, source=LesionSource.REVIEW)
    known = set()
    for lesion in there.select_related("replaced_by"):
        known.add(lesion.review_id)
        successor = getattr(lesion, "replaced_by", None)
        stands = lesion.review_id in accepted and (successor is None or successor.retired_at is not None)
        if stands != (lesion.retired_at is None):
            lesion.retired_at = None if stands else timezone.now()
            lesion.save(update_fields=["retired_at"])
    if missing := [review for id, review in accepted.items() if id not in known]:
        boxes = {c.pk: c for c in row.candidates.filter(pk__in=[r.candidate_id for r in missing])}
        Lesion.objects.bulk_create(_lesion_of(row, r, boxes[r.candidate_id]) for r in missing)  # type: ignore[index]
    return verdicts


def check_no_contradiction(row: RoundStudy, reader: User, verdicts: Verdicts[Review]) -> None:
    """Raises Conflict, code contradiction, where a reader says that a study has no lesion, and one stands
    that the reader may know of: an own one, or one that was settled before. What others marked without the
    reader's knowledge, and the truth of a hidden case, are not told in this way either."""
    if verdicts.study == Verdict.NO_LESION and Lesion.objects.filter(seen_by(row, reader)).exists():
        raise Conflict(
            "A lesion of this study stands, so it cannot be one without lesions. Take one of the two back.",
            code="contradiction",
        )


def _lesion_of(row: RoundStudy, review: Review, candidate: Candidate) -> Lesion:
    study = row.study
    return Lesion(
        study=study,
        round_study=row,
        review=review,
        source=LesionSource.REVIEW,
        reader_id=review.reader_id,
        # The very numbers of the candidate: nothing is computed on the way.
        lo=candidate.lo,
        hi=candidate.hi,
        reference_phase=study.reference_phase,
        frame_of_reference_uid=str(study.geometry.get("frame_of_reference_uid", "")),
        primary=review.verdict == Verdict.PRIMARY_LESION,
        absent_phases=review.absent_phases,
        settled=counts_at_once(row),
    )
