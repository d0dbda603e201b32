"""Cohorts and how much is in them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from harvest.domain import JobState, PreparationState, QueueState, Split
from harvest.errors import NotFound
from harvest.models import Cohort, HarvestRound, RoundStudy
from harvest.selectors.preparation import UNFINISHED


def cohorts() -> QuerySet[Cohort]:
    """All cohorts, each with `studies_count`, `pool_count` and `gold_count`, how many of the studies are
    `unprepared` and how many `preparation_failed`, and, where studies of its latest
    round wait for a reader, that `review_round` and how many are `waiting` (both None otherwise)."""
    waiting = _waiting_in_latest_round()
    return Cohort.objects.annotate(
        studies_count=Count("studies"),
        pool_count=Count("studies", filter=Q(studies__subject__split=Split.POOL)),
        gold_count=Count("studies", filter=Q(studies__subject__split=Split.GOLD)),
        unprepared=Count("studies", filter=Q(studies__preparation__in=UNFINISHED)),
        preparation_failed=Count("studies", filter=Q(studies__preparation=PreparationState.FAILED)),
        review_round=Subquery(waiting.values("round")),
        waiting=Subquery(waiting.values("n")),
    )


def _waiting_in_latest_round() -> QuerySet[Any, Any]:
    """For each outer cohort one row or none: its latest round, and how many of it nobody has finished."""
    later = HarvestRound.objects.filter(
        cohort=OuterRef("round__cohort"), number__gt=OuterRef("round__number")
    )
    rows = RoundStudy.objects.filter(
        ~Exists(later), round__cohort=OuterRef("pk"), state=JobState.SUCCEEDED
    ).exclude(queue_state=QueueState.DONE)
    return rows.order_by().values("round").annotate(n=Count("pk"))


def cohort(id: UUID) -> Cohort:
    """One cohort with its counts; raises NotFound."""
    found = cohorts().filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such cohort.")
    return found


def cohort_named(name: str) -> Cohort:
    """One cohort by name; raises NotFound."""
    found = cohorts().filter(name=name).first()
    if found is None:
        raise NotFound(f"There is no cohort named {name}. Look at the names on the first page.")
    return found
