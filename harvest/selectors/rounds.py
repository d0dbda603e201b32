"""Rounds and how far they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from harvest.domain import ADJUDICATION, ENDED, CandidateKind, JobState, QueueState
from harvest.errors import NotFound
from harvest.models import Candidate, HarvestRound, ModelVersion, Reading, RoundStudy
from harvest.preview import Change
from harvest.selectors.compiled import Compiled


def rounds(cohort_id: UUID | None = None) -> QuerySet[HarvestRound]:
    """Rounds with their model versions; how far each is stands in its own counts."""
    rows = HarvestRound.objects.select_related("model_version", "against")
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


def previews(version: UUID) -> QuerySet[HarvestRound]:
    """The previews of a version, latest first."""
    return rounds().filter(model_version=version, against__isnull=False).order_by("-created_at")


def differing(round_id: UUID) -> list[dict[str, Any]]:
    """The studies of a preview in which a reader would see something else, worst first."""
    rows = RoundStudy.objects.filter(round=round_id, state=JobState.SUCCEEDED, differs__isnull=False)
    found = [
        {"round_study": row.pk, "study": row.study_id, "ordinal": row.study.ordinal, "changes": row.differs}
        for row in rows.exclude(differs=[]).select_related("study")
    ]
    worst = list(Change)
    return sorted(found, key=lambda one: (worst.index(Change(one["changes"][0])), one["ordinal"]))


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


def counted(round_id: UUID) -> dict[str, int]:
    """The counts of a round, from its studies, readings and candidates."""
    found: dict[str, int] = RoundStudy.objects.filter(round_id=round_id).aggregate(
        total=Count("pk"),
        done=Count("pk", filter=Q(state__in=ENDED)),
        failed=Count("pk", filter=Q(state=JobState.FAILED)),
        reviewable=Count("pk", filter=Q(state=JobState.SUCCEEDED) & ~Q(differs=[])),
        reviewed=Count("pk", filter=Q(settled_at__isnull=False)),
    )
    found |= (
        Reading.objects.filter(round_id=round_id)
        .exclude(number=ADJUDICATION)
        .aggregate(readings=Count("pk"), readings_done=Count("pk", filter=Q(state=QueueState.DONE)))
    )
    shown = Candidate.objects.exclude(kind=CandidateKind.WITHHELD)
    found["candidate_count"] = shown.filter(round_study__round_id=round_id).count()
    return found
