"""People: the groups of the roles, and logins."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils.crypto import get_random_string

from harvest.domain import Role

# One login a role, for an installation that has nobody yet.
FIRST_LOGINS = {
    "clinician": Role.CLINICIAN,
    "manager": Role.DATA_MANAGER,
    "engineer": Role.ML_ENGINEER,
    "admin": Role.ADMIN,
}
PASSWORD_LENGTH = 16
# Without letters and digits that look alike: these passwords are typed from a screen.
PASSWORD_SIGNS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # noqa: S105


def ensure_roles() -> None:
    """Makes the group of every role that is one (an admin is a superuser)."""
    for role in Role:
        if role is not Role.ADMIN:
            Group.objects.get_or_create(name=role.value)


@transaction.atomic
def create_login(*, username: str, password: str, role: Role) -> User:
    """A user with one role; an admin is a superuser who may also open /admin."""
    ensure_roles()
    users = get_user_model().objects
    if role is Role.ADMIN:
        return users.create_superuser(username=username, password=password)
    user = users.create_user(username=username, password=password)
    user.groups.add(Group.objects.get(name=role.value))
    return user


@transaction.atomic
def ensure_first_logins() -> dict[str, str]:
    """Where there is nobody yet: one login a role. Returns username -> password of those just made."""
    ensure_roles()
    if get_user_model().objects.exists():
        return {}
    made = {}
    for username, role in FIRST_LOGINS.items():
        made[username] = get_random_string(PASSWORD_LENGTH, PASSWORD_SIGNS)
        create_login(username=username, password=made[username], role=role)
    return made
