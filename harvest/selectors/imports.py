"""Import jobs and what came of each thing found."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Q, QuerySet

from harvest.domain import ImportOutcome
from harvest.errors import NotFound
from harvest.models import ImportItem, ImportJob


def imports(cohort_id: UUID | None = None) -> QuerySet[ImportJob]:
    """Jobs with their owner and `waiting`, `taken`, `duplicate`, `refused` (what is routinely left out, a
    scout say, is not counted) and `phases_needed`."""
    counted = {
        outcome.value: Count("items", filter=Q(items__outcome=outcome))
        for outcome in ImportOutcome
        if outcome != ImportOutcome.REFUSED
    }
    refused = Q(items__outcome=ImportOutcome.REFUSED) & Q(items__routine=False)
    rows = ImportJob.objects.select_related("owner", "pull").annotate(
        **counted, refused=Count("items", filter=refused)
    )
    return rows.filter(cohort_id=cohort_id) if cohort_id else rows


def import_by_id(id: UUID) -> ImportJob:
    """One job as in `imports`; raises NotFound."""
    found = imports().filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such import.")
    return found


def items(job_id: UUID) -> QuerySet[ImportItem]:
    """What came of each thing found, in order."""
    return ImportItem.objects.filter(job_id=job_id).order_by("ordinal")
