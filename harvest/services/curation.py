"""From verdicts to lesions: the lesions of a study in a round are a projection of its reviews.

`sync_lesions` may be called at any time and as often as one likes; it writes what the events say.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from harvest.domain import LesionSource, Verdict
from harvest.errors import Conflict
from harvest.models import Lesion, Review, RoundStudy
from harvest.selectors.verdicts import ACCEPTING, standing


@transaction.atomic
def sync_lesions(row: RoundStudy) -> None:
    """Makes, retires or restores the reviewed lesions of a study so that exactly those stand whose verdict
    stands. One that was redrawn stays retired while its successor stands."""
    verdicts = standing(row.reviews.all())
    accepted = {r.pk: r for r in verdicts.of_candidate.values() if r.verdict in ACCEPTING}
    lesions = list(
        Lesion.objects.filter(review__round_study=row, source=LesionSource.REVIEW).select_related(
            "replaced_by"
        )
    )
    for lesion in lesions:
        successor = getattr(lesion, "replaced_by", None)
        stands = lesion.review_id in accepted and (successor is None or successor.retired_at is not None)
        if stands != (lesion.retired_at is None):
            lesion.retired_at = None if stands else timezone.now()
            lesion.save(update_fields=["retired_at"])
    there = {lesion.review_id for lesion in lesions}
    missing = [review for id, review in accepted.items() if id not in there]
    Lesion.objects.bulk_create(_lesion_of(row, review) for review in missing)


def check_no_contradiction(row: RoundStudy) -> None:
    """Raises Conflict, code contradiction, where the study is said to have no lesion and has one."""
    verdict = standing(row.reviews.all()).of_study
    if verdict is None or verdict.verdict != Verdict.NO_LESION:
        return
    if Lesion.objects.filter(study_id=row.study_id, retired_at=None).exists():
        raise Conflict(
            "A lesion of this study stands, so it cannot be one without lesions. Take one of the two back.",
            code="contradiction",
        )


def _lesion_of(row: RoundStudy, review: Review) -> Lesion:
    candidate = review.candidate
    if candidate is None:
        raise ValueError("a lesion follows from a verdict on a candidate")
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
    )
