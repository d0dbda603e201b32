"""Changing what a person has chosen."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from harvest.domain import Language
from harvest.models import Preferences


@transaction.atomic
def update_preferences(
    *, user: User, language: Language | str | None = None, keys: dict[str, list[str]] | None = None
) -> Preferences:
    """Changes what is given; an empty language is the browser's again."""
    row, _ = Preferences.objects.select_for_update().get_or_create(user=user)
    given: dict[str, Any] = {"language": language, "keys": keys}
    changed = {name: value for name, value in given.items() if value is not None}
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=list(changed))
    return row
