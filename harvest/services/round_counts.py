"""The counts of a round: a projection of its studies, written in the transaction that changes them."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q

from harvest.domain import ADJUDICATION, ENDED, CandidateKind, JobState, QueueState
from harvest.models import Candidate, HarvestRound, Reading, RoundStudy


def count(round_id: UUID, **more: int) -> None:
    """Adds to counts of a round: done, failed, reviewable, reviewed, readings, readings_done,
    candidate_count."""
    HarvestRound.objects.filter(pk=round_id).update(**{name: F(name) + n for name, n in more.items()})


@transaction.atomic
def recount(*, round_id: UUID) -> dict[str, int]:
    """Counts a round anew from its studies, stores that, and returns it."""
    HarvestRound.objects.select_for_update(no_key=True).get(pk=round_id)
    counted: dict[str, int] = RoundStudy.objects.filter(round_id=round_id).aggregate(
        total=Count("pk"),
        done=Count("pk", filter=Q(state__in=ENDED)),
        failed=Count("pk", filter=Q(state=JobState.FAILED)),
        reviewable=Count("pk", filter=Q(state=JobState.SUCCEEDED)),
        reviewed=Count("pk", filter=Q(settled_at__isnull=False)),
    )
    counted |= (
        Reading.objects.filter(round_id=round_id)
        .exclude(number=ADJUDICATION)
        .aggregate(readings=Count("pk"), readings_done=Count("pk", filter=Q(state=QueueState.DONE)))
    )
    shown = Candidate.objects.exclude(kind=CandidateKind.WITHHELD)
    counted["candidate_count"] = shown.filter(round_study__round_id=round_id).count()
    HarvestRound.objects.filter(pk=round_id).update(**counted)
    return counted
