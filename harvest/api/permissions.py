"""Who may do what: default deny. A view names its roles; a view that names none lets nobody in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser, User
from rest_framework.permissions import BasePermission

if TYPE_CHECKING:  # rest_framework.views imports this module while it is itself being imported
    from rest_framework.request import Request
    from rest_framework.views import APIView

from harvest.domain import Role
from harvest.selectors.people import roles_of

ANYONE_SIGNED_IN = frozenset(Role)
CLINICIANS = frozenset({Role.CLINICIAN})
DATA_MANAGERS = frozenset({Role.DATA_MANAGER})
ML_ENGINEERS = frozenset({Role.ML_ENGINEER})
ADMINS = frozenset({Role.ADMIN})


def knows_truth(user: User | AnonymousUser) -> bool:
    """Whether a person may be told which studies are gold and what is in them: not one who only reads, since
    gold studies measure readers."""
    return user.is_authenticated and bool(roles_of(user) - CLINICIANS)


class RolePermission(BasePermission):
    """Lets a request through when the view's `roles[method]` shares a role with the user.

    `roles` maps a method ("GET", "POST", ...) to roles; an admin may do whatever some role may.
    """

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        allowed: Iterable[Role] | None = getattr(view, "roles", {}).get(str(request.method))
        if allowed is None or not request.user or not request.user.is_authenticated:
            return False
        mine = roles_of(request.user)
        return Role.ADMIN in mine or bool(mine & set(allowed))
