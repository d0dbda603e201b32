"""Cohorts and how much is in them."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import NullIf

from harvest.domain import PreparationState, Split
from harvest.errors import NotFound
from harvest.models import Cohort, HarvestRound
from harvest.selectors.preparation import UNFINISHED


def cohorts() -> QuerySet[Cohort]:
    """All cohorts, each with `studies_count`, `pool_count` and `gold_count`, how many of the studies are
    `unprepared` and how many `preparation_failed`, and, where studies of its latest
    round wait for a reader, that `review_round` and how many are `waiting` (both None otherwise)."""
    latest = HarvestRound.objects.filter(cohort=OuterRef("pk")).order_by("-number")
    left = latest.annotate(left=F("reviewable") - F("reviewed"))
    return Cohort.objects.annotate(
        studies_count=Count("studies"),
        pool_count=Count("studies", filter=Q(studies__subject__split=Split.POOL)),
        gold_count=Count("studies", filter=Q(studies__subject__split=Split.GOLD)),
        unprepared=Count("studies", filter=Q(studies__preparation__in=UNFINISHED)),
        preparation_failed=Count("studies", filter=Q(studies__preparation=PreparationState.FAILED)),
        waiting=NullIf(Subquery(left.values("left")[:1]), 0),
        review_round=Case(When(waiting__gt=0, then=Subquery(latest.values("pk")[:1]))),
    )


def cohort(id: UUID) -> Cohort:
    """One cohort with its counts; raises NotFound."""
    return _found(cohorts().filter(pk=id))


def cohort_row(id: UUID) -> Cohort:
    """One cohort and no more, which costs the same however much is in it; raises NotFound."""
    return _found(Cohort.objects.filter(pk=id))


def _found(rows: QuerySet[Cohort]) -> Cohort:
    found = rows.first()
    if found is None:
        raise NotFound("There is no such cohort.")
    return found


def cohort_named(name: str) -> Cohort:
    """One cohort by name; raises NotFound."""
    found = cohorts().filter(name=name).first()
    if found is None:
        raise NotFound(f"There is no cohort named {name}. Look at the names on the first page.")
    return found
