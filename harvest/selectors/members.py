"""Who is in a cohort, and who could be."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet


def members(cohort: UUID) -> QuerySet[User]:
    """Its members by name."""
    return User.objects.filter(memberships__cohort=cohort).order_by("username")


def others(cohort: UUID) -> QuerySet[User]:
    """Who may sign in and is no member, by name; admins see every cohort and are left out."""
    people = User.objects.filter(is_active=True, is_superuser=False)
    return people.exclude(memberships__cohort=cohort).order_by("username")
