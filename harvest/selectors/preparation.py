"""How far the registration of studies is."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from harvest.domain import PreparationState
from harvest.models import Study

UNFINISHED = (PreparationState.WAITING, PreparationState.RUNNING)


def studies_of(job_ids: Sequence[UUID]) -> list[UUID]:
    """The studies that imports brought, or found again, and that are not ready."""
    rows = Study.objects.filter(importitem__job__in=job_ids).exclude(preparation=PreparationState.READY)
    return list(rows.order_by("ordinal").values_list("pk", flat=True).distinct())


def ended_of(ids: Sequence[UUID]) -> int:
    """How many of these are ready, or have failed."""
    return Study.objects.filter(pk__in=ids).exclude(preparation__in=UNFINISHED).count()


def unprepared(cohort_id: UUID | None, *, failed: bool) -> QuerySet[Study]:
    """The studies of a cohort (None: of all) whose registration failed, or those that wait for it."""
    states = (PreparationState.FAILED,) if failed else UNFINISHED
    rows = Study.objects.filter(preparation__in=states).order_by("cohort", "ordinal")
    return rows.filter(cohort_id=cohort_id) if cohort_id else rows
