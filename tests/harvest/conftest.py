"""People and a cohort for the tests of the application."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from harvest.domain import Role
from harvest.models import Cohort
from harvest.services.cohorts import create_cohort
from harvest.services.people import create_login
from tests.harvest.buckets import bucket
from tests.harvest.fixtures import clock, detector, ready_round, state, work
from tests.harvest.trail import allow_flush

__all__ = ["bucket", "clock", "detector", "ready_round", "state", "work"]

allow_flush()
PASSWORD = "a-long-enough-secret"


@pytest.fixture
def user_of(db: None) -> Callable[[Role], User]:
    """Makes (once a test) and returns the user of a role."""
    made: dict[Role, User] = {}

    def user(role: Role) -> User:
        if role not in made:
            made[role] = create_login(username=f"the-{role.value}", password=PASSWORD, role=role)
        return made[role]

    return user


@pytest.fixture
def client_of(user_of: Callable[[Role], User]) -> Callable[[Role | None], APIClient]:
    """A client that is signed in with a role, or (None) not at all."""

    def client(role: Role | None) -> APIClient:
        made = APIClient()
        if role is not None:
            made.force_login(user_of(role))
        return made

    return client


@pytest.fixture
def cohort(db: None) -> Cohort:
    return create_cohort(name="liver")
