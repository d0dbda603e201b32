"""The promotion gate as it stands: which gold set judges a version, and what was found."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from harvest.domain import ENDED, JobState, PromotionGround
from harvest.errors import NotFound
from harvest.models import DatasetRelease, GoldAnswer, Judgement, ModelVersion, Promotion


def gold_release(row: ModelVersion) -> DatasetRelease:
    """The release whose gold studies judge a version: the latest of its cohort with some, else the latest of
    all; raises NotFound."""
    with_gold = DatasetRelease.objects.select_related("cohort").filter(counts__gold__gt=0, of_report=False)
    newest = with_gold.order_by("-created_at")
    own = newest.filter(cohort=row.release.cohort_id) if row.release else newest.none()
    found = own.first() or newest.first()
    if found is None:
        raise NotFound(
            "No release holds a gold study to judge on. Import gold studies with their lesions, and freeze.",
            code="no_gold",
        )
    return found


def judgements(version: UUID) -> QuerySet[Judgement]:
    """All judgements of a version, latest first."""
    rows = Judgement.objects.select_related("version", "against", "release__cohort", "owner")
    return rows.filter(version=version).order_by("-created_at")


def judgement_against(version: ModelVersion, rival: ModelVersion) -> Judgement | None:
    """The latest judgement of a version beside another, one that did not fail before any that did."""
    rows = judgements(version.pk).filter(against=rival)
    return rows.exclude(state__in=(JobState.FAILED, JobState.CANCELLED)).first() or rows.first()


def judgement(id: UUID) -> Judgement:
    """One judgement; raises NotFound."""
    rows = Judgement.objects.select_related("version", "against", "release__cohort", "owner")
    found = rows.filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such judgement.")
    return found


def answered(row: Judgement) -> int:
    """How many of its answers, two a case, are in."""
    rows = GoldAnswer.objects.filter(
        version__in=(row.version_id, row.against_id), case_sha256__in=row.cases, state__in=ENDED
    )
    return rows.count()


def promotions(kind: str = "") -> QuerySet[Promotion]:
    """What came into use, latest first."""
    rows = Promotion.objects.select_related("version", "previous", "judgement").order_by("-created_at")
    return rows.filter(version__kind=kind) if kind else rows


def in_use_before(kind: str) -> ModelVersion | None:
    """The version that a roll back of this kind brings back: what the one in use replaced."""
    own = promotions(kind).filter(version__promoted=True).exclude(ground=PromotionGround.ROLLBACK)
    last = own.first()
    return last.previous if last else None
