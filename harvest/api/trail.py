"""The audit trail of requests: one place that sees them all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import ResolverMatch

from harvest.api.scope import cohort_of_match, kind_of
from harvest.domain import AuditAction, AuditOutcome
from harvest.selectors.people import Grant
from harvest.services.audit import record

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Heartbeats and leases, which have rows of their own; parts of an upload, whose import is recorded; and
# questions that are posted because they are long.
QUIET = frozenset(
    {
        "activity",
        "review-next",
        "adjudication-next",
        "release-lease",
        "uploads",
        "labels-preview",
        "training-dry-run",
    }
)
# What leaves the installation is recorded though it changes nothing.
DOWNLOADS = frozenset({"export-file", "model-file", "labour-table", "audit-table"})
ACTIONS = {
    "tokens": AuditAction.TOKEN,
    "token": AuditAction.TOKEN,
    "members": AuditAction.MEMBERS,
    "model-promote": AuditAction.PROMOTE,
    "models-roll-back": AuditAction.PROMOTE,
    "releases": AuditAction.RELEASE,
    "reviews": AuditAction.REVIEW,
    "complete": AuditAction.REVIEW,
} | dict.fromkeys(DOWNLOADS, AuditAction.EXPORT)
# These are done and recorded in one transaction, or not at all.
TOGETHER = frozenset({"tokens", "token", "members", "model-promote", "models-roll-back", "releases"})
_OURS = ("api/v1/", "dicom-web/")


class Trail:
    """Django middleware, the last of all. Changes, downloads and signing in are recorded around the view;
    what was refused, after it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        refused = response.status_code == 403 or getattr(request, "harvest_closed", False)
        if refused and match is not None and _is_ours(match) and request.user.is_authenticated:
            cohort = cohort_of_match(match) if not match.namespaces else None
            _write(request, match, AuditAction.ACCESS, cohort, outcome=AuditOutcome.REFUSED)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if match is None or not _is_recorded(request, match):
            return None
        if match.namespaces == ["admin"] or match.url_name == "session":
            return _people(request, match, lambda: view(request, *args, **kwargs))
        name = str(match.url_name)
        cohort = cohort_of_match(match)  # before the view, which may delete the thing
        together: AbstractContextManager[Any] = transaction.atomic() if name in TOGETHER else nullcontext()
        with together:
            response: HttpResponseBase = view(request, *args, **kwargs)
            if response.status_code < 400 and not getattr(request, "harvest_closed", False):
                made = _made(response)
                _write(request, match, ACTIONS.get(name, AuditAction.CHANGE), cohort, made=made)
        return response


def _is_ours(match: ResolverMatch) -> bool:
    return match.route.startswith(_OURS) or match.namespaces == ["admin"]


def _is_recorded(request: HttpRequest, match: ResolverMatch) -> bool:
    if request.method in SAFE:
        return match.url_name in DOWNLOADS
    return _is_ours(match) and match.url_name not in QUIET


def _people(
    request: HttpRequest, match: ResolverMatch, view: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Signing in and out, and what admins change of people and their roles."""
    before = _evaluated(request)
    response = view()
    if match.url_name in ("session", "login"):
        signs_out = request.method == "DELETE"
        done = response.status_code in (200, 204, 302) and (signs_out or _evaluated(request) is not None)
        action = AuditAction.SIGN_OUT if signs_out else AuditAction.SIGN_IN
        if done:
            _write(request, match, action, None, user=before if signs_out else _evaluated(request))
        elif not signs_out and request.method == "POST" and response.status_code in (200, 400, 429):
            _write(request, match, action, None, outcome=AuditOutcome.REFUSED, user=_named(request, response))
    elif match.url_name == "logout":
        _write(request, match, AuditAction.SIGN_OUT, None, user=before)
    elif response.status_code == 302:  # a form that was wrong comes back with 200
        _write(request, match, AuditAction.PEOPLE, None)
    return response


def _evaluated(request: HttpRequest) -> Any:
    """Who is signed in now, and not whoever will be when it is asked; None where nobody."""
    return request.user if request.user.is_authenticated else None


def _named(request: HttpRequest, response: Any) -> User | None:
    """Whose name was tried. A name of nobody is not kept: it may be a password in the wrong field."""
    asked = getattr(response, "renderer_context", {}) or {}
    data = getattr(asked.get("request"), "data", None) or request.POST
    name = data.get("username") if hasattr(data, "get") else None
    return User.objects.filter(username=name).first() if isinstance(name, str) else None


def _made(response: Any) -> str:
    """The id of what a request made."""
    data = getattr(response, "data", None)
    if response.status_code != 201 or not isinstance(data, dict):
        return ""
    return str(data.get("id") or (data.get("token") or {}).get("id") or "")


def _write(
    request: HttpRequest,
    match: ResolverMatch,
    action: AuditAction,
    cohort: UUID | None,
    *,
    outcome: AuditOutcome = AuditOutcome.DONE,
    user: Any = None,
    made: str = "",
) -> None:
    in_admin = bool(match.namespaces)
    grant = getattr(request, "auth", None)
    id = match.kwargs.get("id") or match.kwargs.get("object_id") or ""
    detail = {"method": request.method, "url": match.url_name} | ({"made": made} if made else {})
    record(
        action,
        user=user if user is not None else (None if action is AuditAction.SIGN_IN else request.user),
        outcome=outcome,
        kind=("admin" if in_admin else kind_of(match.route) or str(match.url_name))[:40],
        object_id=str(id)[:64],
        cohort=cohort,
        address=str(request.META.get("REMOTE_ADDR", ""))[:45],
        via="admin" if in_admin else f"token {grant.name}" if isinstance(grant, Grant) else "session",
        detail=detail,
    )
