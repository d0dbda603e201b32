"""Who somebody is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from harvest.domain import Role, TokenScope
from harvest.errors import NotFound
from harvest.models import Cohort, Preferences

# Every request asks it: one query, and none of the ORM's time to write it.
_WITH_ROLES = """
SELECT u.*, ARRAY(
    SELECT g.name FROM auth_user_groups m JOIN auth_group g ON g.id = m.group_id WHERE m.user_id = u.id
) AS group_names, ARRAY(
    SELECT c.id FROM harvest_cohort c WHERE c.members_only AND NOT EXISTS (
        SELECT FROM harvest_membership m WHERE m.cohort_id = c.id AND m.user_id = u.id
    )
) AS closed_cohorts
"""
_GRANTED = """
, t.id AS token_id, t.name AS token_name, t.scope AS token_scope, t.cohort_id AS token_cohort,
t.expires_at AS token_expires_at, t.revoked_at AS token_revoked_at, t.last_used_at AS token_last_used_at
FROM auth_user u JOIN harvest_apitoken t ON t.user_id = u.id WHERE t.secret_hash = %s
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token lets a script do. `cohort`: the only one it may see; None for all of its owner's."""

    id: UUID
    name: str
    scope: TokenScope
    cohort: UUID | None
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


def user_by_id(id: int) -> User | None:
    """A user whose roles, and the cohorts closed to her, were read in the same query."""
    return next(iter(User.objects.raw(f"{_WITH_ROLES} FROM auth_user u WHERE u.id = %s", [id])), None)


def user_by_token(secret: str) -> tuple[User, Grant] | None:
    """Whose token this is, as `user_by_id`, and what it grants, ended or not; None where nobody's."""
    found: Any = next(iter(User.objects.raw(_WITH_ROLES + _GRANTED, [secret_hash(secret)])), None)
    if found is None:
        return None
    grant = Grant(
        found.token_id,
        found.token_name,
        TokenScope(found.token_scope),
        found.token_cohort,
        found.token_expires_at,
        found.token_revoked_at,
        found.token_last_used_at,
    )
    return found, grant


def secret_hash(secret: str) -> str:
    """What of a token's secret is kept. No salt: the secret is random, and the hash is looked up by."""
    return hashlib.sha256(secret.encode()).hexdigest()


def closed_to(user: Any) -> frozenset[UUID]:
    """The cohorts that are for members only and not for this person; none is closed to an admin."""
    if Role.ADMIN in roles_of(user):
        return frozenset()
    closed = getattr(user, "closed_cohorts", None)
    if closed is None:  # a user who did not come by a request
        rows = Cohort.objects.filter(members_only=True).exclude(memberships__user=user.pk)
        closed = user.closed_cohorts = list(rows.values_list("pk", flat=True))
    return frozenset(closed)


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
