"""Cohorts and how much is in them."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Q, QuerySet

from harvest.domain import Split
from harvest.errors import NotFound
from harvest.models import Cohort


def cohorts() -> QuerySet[Cohort]:
    """All cohorts, each with `studies_count`, `pool_count` and `gold_count`."""
    return Cohort.objects.annotate(
        studies_count=Count("studies"),
        pool_count=Count("studies", filter=Q(studies__subject__split=Split.POOL)),
        gold_count=Count("studies", filter=Q(studies__subject__split=Split.GOLD)),
    )


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
