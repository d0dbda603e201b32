"""Who somebody is."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from harvest.domain import Role
from harvest.errors import NotFound
from harvest.models import Preferences

# Every request asks it: one query, and none of the ORM's time to write it.
_WITH_ROLES = """
SELECT u.*, ARRAY(
    SELECT g.name FROM auth_user_groups m JOIN auth_group g ON g.id = m.group_id WHERE m.user_id = u.id
) AS group_names FROM auth_user u
"""


def user_by_id(id: int) -> User | None:
    """A user whose roles were read in the same query."""
    return next(iter(User.objects.raw(f"{_WITH_ROLES} WHERE u.id = %s", [id])), None)


def user_by_token(key: str) -> User | None:
    """The user whose token this is, as `user_by_id`."""
    where = "JOIN authtoken_token t ON t.user_id = u.id WHERE t.key = %s"
    return next(iter(User.objects.raw(f"{_WITH_ROLES} {where}", [key])), None)


def user_named(username: str) -> User:
    """The user of that login; raises NotFound."""
    found = User.objects.filter(username=username).first()
    if found is None:
        raise NotFound(f"There is no login {username}.")
    return found


def roles_of(user: Any) -> set[Role]:
    """The roles of a user: the groups of those names, and ADMIN for a superuser. Read once a request."""
    cached: set[Role] | None = getattr(user, "_harvest_roles", None)
    if cached is None:
        known = {role.value for role in Role}
        names = getattr(user, "group_names", None)
        if names is None:
            names = user.groups.values_list("name", flat=True)
        cached = {Role(name) for name in names if name in known}
        if user.is_superuser:
            cached.add(Role.ADMIN)
        user._harvest_roles = cached
    return cached


def preferences_of(user: Any) -> Preferences:
    """What a person has chosen; unsaved defaults where nothing was."""
    return Preferences.objects.filter(user=user).first() or Preferences(user=user)
