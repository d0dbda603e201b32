"""Rounds and how far they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from harvest.domain import ENDED, JobState, QueueState
from harvest.errors import NotFound
from harvest.models import Candidate, HarvestRound, RoundStudy


def rounds(cohort_id: UUID | None = None) -> QuerySet[HarvestRound]:
    """Rounds with `total`, `done` (ended, failed ones too), `failed`, `reviewed` and `candidate_count`."""
    candidates = (
        Candidate.objects.filter(round_study__round=OuterRef("pk"))
        .order_by()
        .values("round_study__round")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rows = HarvestRound.objects.select_related("model_version").annotate(
        total=Count("studies"),
        done=Count("studies", filter=Q(studies__state__in=ENDED)),
        failed=Count("studies", filter=Q(studies__state=JobState.FAILED)),
        reviewed=Count("studies", filter=Q(studies__queue_state=QueueState.DONE)),
        candidate_count=Coalesce(Subquery(candidates, output_field=IntegerField()), 0),
    )
    return rows.filter(cohort_id=cohort_id) if cohort_id else rows


def round_by_id(id: UUID) -> HarvestRound:
    """One round as in `rounds`; raises NotFound."""
    found = rounds().filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such round.")
    return found


def failures(round_ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """By round, the studies it failed on, each with its code and message."""
    found: dict[UUID, list[dict[str, Any]]] = {id: [] for id in round_ids}
    rows = RoundStudy.objects.filter(round_id__in=round_ids, state=JobState.FAILED).select_related("study")
    for row in rows.order_by("study__ordinal"):
        error = row.error or {}
        found[row.round_id].append(
            {
                "study": row.study_id,
                "ordinal": row.study.ordinal,
                "code": error.get("code", ""),
                "message": error.get("message", ""),
            }
        )
    return found
