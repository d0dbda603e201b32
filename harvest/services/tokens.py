"""Tokens of scripts: made, used and revoked."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from harvest.domain import Role, TokenScope
from harvest.errors import NotFound
from harvest.models import ApiToken, Cohort
from harvest.selectors.people import Grant, closed_to, roles_of, secret_hash

# By which scanners of code and logs know one that was left there.
PREFIX = "hv_"
LONGEST = timedelta(days=365)
_COARSE = timedelta(minutes=1)


class Issued(NamedTuple):
    """A new token with its secret, which is not kept and cannot be told again."""

    row: ApiToken
    secret: str


def create_token(
    *,
    user: User,
    name: str,
    scope: TokenScope = TokenScope.READ,
    days: int = 90,
    cohort: UUID | None = None,
) -> Issued:
    """Makes a token that ends after so many days, at most LONGEST.

    Raises:
        NotFound: the cohort is not one that the owner may see.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    if cohort is not None and not _sees(user, cohort):
        raise NotFound("There is no such cohort.")
    row = ApiToken.objects.create(
        user=user,
        name=name,
        secret_hash=secret_hash(secret),
        scope=scope,
        cohort_id=cohort,
        expires_at=timezone.now() + min(timedelta(days=days), LONGEST),
    )
    return Issued(row, secret)


def _sees(user: User, cohort: UUID) -> bool:
    return cohort not in closed_to(user) and Cohort.objects.filter(pk=cohort).exists()


def revoke_token(*, token: UUID, by: User) -> ApiToken:
    """Ends a token for good; doing it again changes nothing.

    Raises:
        NotFound: there is no such token, or it is another's and `by` is no admin.
    """
    rows = ApiToken.objects.all() if Role.ADMIN in roles_of(by) else ApiToken.objects.filter(user=by)
    row = rows.filter(pk=token).first()
    if row is None:
        raise NotFound("There is no such token.")
    if row.revoked_at is None:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
    return row


def note_use(grant: Grant) -> None:
    """Writes down that a token is used, at most once a minute: scripts ask often."""
    now = timezone.now()
    if grant.last_used_at is None or now - grant.last_used_at >= _COARSE:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - _COARSE)
        ApiToken.objects.filter(stale, pk=grant.id).update(last_used_at=now)
