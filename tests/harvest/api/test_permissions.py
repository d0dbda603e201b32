"""Who may do what: every URL of the API, every method, every role, and nobody."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.permissions import AllowAny

from harvest.api.permissions import RolePermission
from harvest.domain import Role

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROLES = (None, Role.CLINICIAN, Role.DATA_MANAGER, Role.ML_ENGINEER, Role.ADMIN)
C, M, E, A = Role.CLINICIAN, Role.DATA_MANAGER, Role.ML_ENGINEER, Role.ADMIN
ALL = {C, M, E}

# URL name -> method -> roles that may; an admin may whatever some role may; what is not here nobody may.
TABLE: dict[str, dict[str, set[Role | None]]] = {
    "session": {method: {None, C, M, E} for method in METHODS},  # PUT and PATCH are answered with 405
    "token": {"POST": ALL},
    "preferences": {"GET": ALL, "PATCH": ALL},
    "cohorts": {"GET": ALL, "POST": {M}},
    "cohort": {"GET": ALL, "PATCH": {M}},
    "dashboard": {"GET": ALL},
    "agreement": {"GET": ALL},
    "bias": {"GET": ALL},
    "labour": {"GET": ALL},
    "labour-table": {"GET": ALL},
    "labels": {"GET": {M}, "POST": {M}},
    "labels-preview": {"POST": {M}},
    "labels-undo": {"POST": {M}},
    "uploads": {"POST": {M}},
    "upload": {"GET": {M}},
    "imports": {"GET": ALL, "POST": {M}},
    "import": {"GET": ALL},
    "import-items": {"GET": ALL},
    "import-phases": {"POST": {M}},
    "import-cancel": {"POST": {M}},
    "import-thumbnail": {"GET": {M}},
    "studies": {"GET": ALL},
    "study": {"GET": ALL, "PATCH": {M}},
    "text-checked": {"POST": {M}},
    "study-prepare": {"POST": {M}},
    "volume": {"GET": ALL},
    "phase-nudge": {"GET": ALL, "POST": {C, M}},
    "study-lesions": {"POST": {C}},
    "lesion": {"PATCH": {C}, "DELETE": {C}},
    "rounds": {"GET": ALL, "POST": {M, E}},
    "round": {"GET": ALL},
    "round-arms": {"GET": ALL},
    "round-differing": {"GET": ALL},
    "model-previews": {"GET": ALL, "POST": {M, E}},
    "round-cancel": {"POST": {M, E}},
    "review-next": {"POST": {C}},
    "round-study": {"GET": ALL},
    "reviews": {"POST": {C}},
    "complete": {"POST": {C}},
    "activity": {"POST": {C}},
    "adjudication-next": {"POST": {C}},
    "adjudication-case": {"GET": {C}},
    "release-lease": {"POST": {C}},
    "tile": {"GET": ALL},
    "whole-slice": {"GET": ALL},
    "models": {"GET": ALL},
    "model": {"GET": ALL},
    "models-compare": {"GET": ALL},
    "model-promote": {"POST": {E}},
    "model-judgements": {"GET": ALL, "POST": {E}},
    "models-roll-back": {"GET": ALL, "POST": {E}},
    "model-file": {"GET": {E}},
    "models-import": {"GET": ALL, "POST": {E}},
    "round-reports": {"GET": ALL, "POST": {E}},
    "report-cancel": {"POST": {E}},
    "promotions": {"GET": ALL},
    "chains": {"GET": ALL, "POST": {E}},
    "chain-cancel": {"POST": {E}},
    "training-runs": {"GET": ALL, "POST": {E}},
    "cold-start": {"GET": ALL, "POST": {E}},
    "training-run": {"GET": ALL},
    "training-cancel": {"POST": {E}},
    "training-resume": {"POST": {E}},
    "training-events": {"GET": ALL},
    "metrics": {"GET": {E}},
    "schedules": {"GET": ALL, "POST": {E}},
    "schedule-dry-run": {"GET": ALL},
    "training-dry-run": {"POST": {E}},
    "schedule": {"PATCH": {E}, "DELETE": {E}},
    "releases": {"GET": ALL, "POST": {M}},
    "release": {"GET": ALL},
    "release-diff": {"GET": ALL},
    "release-verify": {"GET": ALL},
    "release-exports": {"GET": ALL, "POST": ALL},
    "export": {"GET": ALL},
    "export-file": {"GET": ALL},
    "export-formats": {"GET": ALL},
    "archives": {"GET": {M}, "POST": {A}},
    "archive": {"PATCH": {A}, "DELETE": {A}},
    "archive-test": {"POST": {A}},
    "archive-search": {"POST": {M}},
    "pulls": {"POST": {M}},
    "listener": {"GET": {M}},
    "dicom-senders": {"GET": {M}, "POST": {A}},
    "dicom-sender": {"DELETE": {A}},
    "dicom-sender-test": {"POST": {A}},
    "stow": {"POST": {M}},
}


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, route)
        else:
            yield route, entry


API = [entry for route, entry in patterns(get_resolver()) if route.startswith(("api/v1/", "dicom-web/"))]


def url_of(entry: URLPattern) -> str:
    """The URL with ids of things that do not exist: who may not is told before it is looked for."""
    values = {"id": uuid.UUID(int=0), "phase": "arterial", "number": 0, "z_index": 0}
    return reverse(str(entry.name), kwargs={name: values[name] for name in entry.pattern.converters})


def test_every_url_has_a_row_and_every_row_a_url():
    assert sorted(str(entry.name) for entry in API) == sorted(TABLE)


@pytest.mark.django_db
@pytest.mark.parametrize("entry", API, ids=lambda entry: str(entry.name))
def test_a_url_lets_in_whom_the_table_names_and_nobody_else(entry, client_of, user_of):
    row = TABLE[str(entry.name)]
    wrong = []
    for role in ROLES:
        client = client_of(None)
        if role:
            client.force_authenticate(user_of(role))
        for method in METHODS:
            allowed = row.get(method, set())
            expected = role in allowed or (role is Role.ADMIN and bool(allowed))
            status = client.generic(method, url_of(entry), "{}", content_type="application/json").status_code
            if (status not in (401, 403)) != expected:
                wrong.append((role, method, status))
    assert wrong == []


def test_only_the_session_is_open_and_no_view_brings_its_own_rules():
    open_views = []
    for entry in API:
        view = entry.callback.view_class
        if view.permission_classes == [AllowAny]:
            open_views.append(entry.name)
        else:
            assert view.permission_classes == [RolePermission], entry.name
    assert open_views == ["session"]


@pytest.mark.django_db
def test_the_admin_pages_are_for_admins(client_of):
    for role in (None, C, M, E):
        assert client_of(role).get("/admin/harvest/review/").status_code == 302
    page = client_of(Role.ADMIN).get("/admin/harvest/review/")
    assert page.status_code == 200
    assert client_of(Role.ADMIN).get("/admin/harvest/review/add/").status_code == 403
