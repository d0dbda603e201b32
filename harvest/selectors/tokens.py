"""Tokens of scripts."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from harvest.domain import Role
from harvest.models import ApiToken
from harvest.selectors.people import roles_of


def tokens(user: Any) -> QuerySet[ApiToken]:
    """One's own tokens, ended ones too; an admin's are everybody's."""
    rows = ApiToken.objects.select_related("user", "cohort")
    return rows if Role.ADMIN in roles_of(user) else rows.filter(user=user)
