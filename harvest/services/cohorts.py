"""Cohorts: making and changing them."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction

from harvest.domain import ImportOutcome
from harvest.errors import Conflict, NotFound
from harvest.models import Cohort, ImportItem


@transaction.atomic
def create_cohort(*, name: str, description: str = "") -> Cohort:
    """Makes a cohort; raises Conflict where the name is taken."""
    try:
        with transaction.atomic():
            return Cohort.objects.create(name=name, description=description)
    except IntegrityError as error:
        raise Conflict(
            f"There is already a cohort named {name}. Choose another name.", code="name_taken"
        ) from error


def ensure_cohort(*, name: str) -> Cohort:
    """The cohort of that name, made where there is none."""
    return Cohort.objects.get_or_create(name=name)[0]


@transaction.atomic
def discard_if_nothing_came(*, cohort: UUID) -> bool:
    """Takes away a cohort whose first imports brought no study and ask nothing of a person, with their
    accounts; returns whether it did."""
    row = Cohort.objects.select_for_update().filter(pk=cohort).first()
    asked = ImportItem.objects.filter(job__cohort=cohort, outcome=ImportOutcome.PHASES_NEEDED)
    if row is None or row.studies.exists() or asked.exists():
        return False
    row.delete()
    return True


@transaction.atomic
def update_cohort(
    *,
    cohort: UUID,
    description: str | None = None,
    score_threshold: float | None = None,
    max_candidates: int | None = None,
    reading_policy: str | None = None,
) -> Cohort:
    """Changes what is given; rounds that are under way keep what they were started with."""
    row = Cohort.objects.select_for_update().filter(pk=cohort).first()
    if row is None:
        raise NotFound("There is no such cohort.")
    given = {
        "description": description,
        "score_threshold": score_threshold,
        "max_candidates": max_candidates,
        "reading_policy": reading_policy,
    }
    changed = {name: value for name, value in given.items() if value is not None}
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=list(changed))
    return row
