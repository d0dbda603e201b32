"""Who may do what: default deny. A view names its roles; a view that names none lets nobody in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404
from django.urls import ResolverMatch
from rest_framework.permissions import SAFE_METHODS, BasePermission

if TYPE_CHECKING:  # rest_framework.views imports this module while it is itself being imported
    from rest_framework.request import Request
    from rest_framework.views import APIView

from harvest.api.scope import cohort_of_match, is_placed, kind_of, reach_of, require_open
from harvest.domain import Role, TokenScope
from harvest.selectors.people import Grant, roles_of

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
    """Lets a request through when the view's `roles[method]` shares a role with the user, the token (if it
    came with one) grants it, and the cohort it concerns is open to it; else 403, or 404 for that cohort.

    `roles` maps a method ("GET", "POST", ...) to roles; an admin may do whatever some role may. A view that
    is `people_only` takes no token.
    """

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return self._role_allows(request, view) and self._token_allows(request, view) and _in_reach(request)

    def _role_allows(self, request: Request, view: APIView) -> bool:
        allowed: Iterable[Role] | None = getattr(view, "roles", {}).get(str(request.method))
        if allowed is None or not request.user or not request.user.is_authenticated:
            return False
        mine = roles_of(request.user)
        return Role.ADMIN in mine or bool(mine & set(allowed))

    def _token_allows(self, request: Request, view: APIView) -> bool:
        grant = request.auth
        if not isinstance(grant, Grant):
            return True
        if getattr(view, "people_only", False):
            self.message = "No token may do this. Sign in with your password."
            return False
        if request.method in SAFE_METHODS:
            return True
        if grant.scope is TokenScope.READ:
            self.message = "This token may only read. Make one that may write."
            return False
        if grant.cohort is not None and kind_of(_match(request).route) is None:
            self.message = "This token is for one cohort alone. Make one for all of yours."
            return False
        return True


def _match(request: Request) -> ResolverMatch:
    match = request._request.resolver_match
    if match is None:  # cannot be while a view runs
        raise Http404
    return match


def _in_reach(request: Request) -> bool:
    """Whether the URL is one whose cohort is known; one that is closed is a 404, as if it were not there."""
    match = _match(request)
    if not is_placed(match):
        return False
    # Where every cohort is open, what a URL names need not be looked up.
    if kind_of(match.route) is not None and not reach_of(request).whole:
        require_open(request, cohort_of_match(match))
    return True
