"""Rounds and how far they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from harvest.domain import JobState
from harvest.errors import NotFound
from harvest.models import HarvestRound, ModelVersion, RoundStudy
from harvest.selectors.compiled import Compiled


def rounds(cohort_id: UUID | None = None) -> QuerySet[HarvestRound]:
    """Rounds with their model versions; how far each is stands in its own counts."""
    rows = HarvestRound.objects.select_related("model_version")
    return rows.filter(cohort_id=cohort_id) if cohort_id else rows


def round_by_id(id: UUID) -> HarvestRound:
    """One round as in `rounds`; raises NotFound."""
    found = rounds().filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such round.")
    return found


_ROUNDS = Compiled(HarvestRound, lambda ids, _: HarvestRound.objects.filter(pk__in=ids))
_VERSIONS = Compiled(ModelVersion, lambda ids, _: ModelVersion.objects.filter(pk__in=ids))


def round_to_read(id: UUID) -> HarvestRound:
    """As `round_by_id`, for those who wait for their next study."""
    found = next(iter(_ROUNDS.rows([id], 0)), None)
    if found is None:
        raise NotFound("There is no such round.")
    (found.model_version,) = _VERSIONS.rows([found.model_version_id], 0)
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
