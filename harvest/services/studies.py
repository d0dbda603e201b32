"""Studies: what is known of them."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from harvest.errors import NotFound
from harvest.models import Study


@transaction.atomic
def update_study(*, study_id: UUID, lesion_class: str) -> Study:
    """Sets a study's pathology class ("" for unknown); raises NotFound."""
    row = Study.objects.select_for_update().filter(pk=study_id).first()
    if row is None:
        raise NotFound("There is no such study.")
    row.lesion_class = lesion_class
    row.save(update_fields=["lesion_class"])
    return row


@transaction.atomic
def mark_text_checked(*, study_id: UUID, by: User) -> Study:
    """Says that a person has looked at a study's suspected writing and that it names nobody; saying it again
    changes nothing. Raises NotFound."""
    row = Study.objects.select_for_update().filter(pk=study_id).first()
    if row is None:
        raise NotFound("There is no such study.")
    if row.text_checked_by_id is None:
        row.text_checked_by = by
        row.save(update_fields=["text_checked_by"])
    return row
