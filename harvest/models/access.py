"""Who is let in beyond the roles: members of cohorts, and tokens of scripts."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from harvest.domain import TokenScope
from harvest.models.base import Base, choices
from harvest.models.cohort import Cohort


class Membership(Base):
    """A person who may see a cohort that is open to its members only."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")

    class Meta(Base.Meta):
        constraints = [models.UniqueConstraint(fields=("cohort", "user"), name="member_once_a_cohort")]


class ApiToken(Base):
    """A script's login under its owner's name, to read or to write, in one cohort or in all, until it ends.

    The secret is shown once and not kept: `secret_hash` is its SHA-256. `last_used_at` is true to a minute.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    secret_hash = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=5, choices=choices(TokenScope), default=TokenScope.READ)
    cohort = models.ForeignKey(Cohort, null=True, on_delete=models.CASCADE, related_name="api_tokens")
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
