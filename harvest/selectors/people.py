"""Who somebody is."""

from __future__ import annotations

from typing import Any

from harvest.domain import Role
from harvest.models import Preferences


def roles_of(user: Any) -> set[Role]:
    """The roles of a user: the groups of those names, and ADMIN for a superuser. Read once a request."""
    cached: set[Role] | None = getattr(user, "_harvest_roles", None)
    if cached is None:
        known = {role.value for role in Role}
        cached = {Role(name) for name in user.groups.values_list("name", flat=True) if name in known}
        if user.is_superuser:
            cached.add(Role.ADMIN)
        user._harvest_roles = cached
    return cached


def preferences_of(user: Any) -> Preferences:
    """What a person has chosen; unsaved defaults where nothing was."""
    return Preferences.objects.filter(user=user).first() or Preferences(user=user)
