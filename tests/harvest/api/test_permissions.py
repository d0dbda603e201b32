"""Who may do what: every URL of the API, every method, every role, and nobody."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.permissions import AllowAny
from rest_framework.test import APIClient

from harvest.api.permissions import RolePermission
from harvest.api.scope import GLOBAL, kind_of
from harvest.domain import ImportOutcome, JobState, ModelKind, Role
from harvest.models import (
    Cohort,
    DatasetRelease,
    ImportItem,
    ImportJob,
    LabelImport,
    ReleaseExport,
    RoundReport,
    TrainingChain,
    TrainingRun,
    TrainingSchedule,
)
from harvest.services.members import set_members
from harvest.services.tokens import create_token
from tests.harvest.curated import TUMOUR, make_round, make_study, mark_lesion, propose

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROLES = (None, Role.CLINICIAN, Role.DATA_MANAGER, Role.ML_ENGINEER, Role.ADMIN)
C, M, E, A = Role.CLINICIAN, Role.DATA_MANAGER, Role.ML_ENGINEER, Role.ADMIN
ALL = {C, M, E}

# URL name -> method -> roles that may; an admin may whatever some role may; what is not here nobody may.
TABLE: dict[str, dict[str, set[Role | None]]] = {
    "session": {method: {None, C, M, E} for method in METHODS},  # PUT and PATCH are answered with 405
    "tokens": {"GET": ALL, "POST": ALL},
    "token": {"DELETE": ALL},
    "audit": {"GET": {M}},
    "audit-table": {"GET": {M}},
    "preferences": {"GET": ALL, "PATCH": ALL},
    "cohorts": {"GET": ALL, "POST": {M}},
    "cohort": {"GET": ALL, "PATCH": {M}},
    "members": {"GET": {M}, "PUT": {M}},
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
    "release-card": {"GET": ALL},
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


ROUTES = {
    entry: route for route, entry in patterns(get_resolver()) if route.startswith(("api/v1/", "dicom-web/"))
}
API = list(ROUTES)
IN_COHORTS = [entry for entry, route in ROUTES.items() if kind_of(route)]


def url_of(entry: URLPattern, id: uuid.UUID = uuid.UUID(int=0)) -> str:  # noqa: B008
    """The URL, else of a thing that does not exist: who may not is told before it is looked for."""
    values = {"id": id, "phase": "arterial", "number": 0, "z_index": 0}
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


def test_every_url_lies_in_a_cohort_or_is_named_as_one_that_does_not():
    for entry, route in ROUTES.items():
        assert (kind_of(route) is None) == (entry.name in GLOBAL), entry.name
    assert set(GLOBAL) <= set(TABLE)


@pytest.mark.django_db
def test_a_url_that_nobody_placed_is_shut(client_of, monkeypatch):
    monkeypatch.delitem(GLOBAL, "models")
    assert client_of(Role.ADMIN).get("/api/v1/models").status_code == 403


@pytest.fixture
def things(cohort: Cohort, user_of: Callable[[Role], User]) -> dict[str, uuid.UUID]:
    """One thing of every kind that URLs name, all of one cohort."""
    study = make_study(cohort)
    parent = make_round(cohort)
    row = propose(parent, study, TUMOUR)
    release = DatasetRelease.objects.create(cohort=cohort, number=1)
    job = ImportJob.objects.create(cohort=cohort, owner=user_of(M), state=JobState.SUCCEEDED)
    return {
        "cohorts": cohort.pk,
        "dicom-web": cohort.pk,
        "studies": study.pk,
        "rounds": parent.pk,
        "round-studies": row.pk,
        "candidates": row.candidates.get().pk,
        "lesions": mark_lesion(study).pk,
        "imports": job.pk,
        "import-items": ImportItem.objects.create(job=job, ordinal=1, outcome=ImportOutcome.TAKEN).pk,
        "labels": LabelImport.objects.create(cohort=cohort, window_days=30).pk,
        "training-runs": TrainingRun.objects.create(cohort=cohort, kind=ModelKind.DETECTOR).pk,
        "schedules": TrainingSchedule.objects.create(cohort=cohort, every_minutes=60).pk,
        "releases": release.pk,
        "exports": ReleaseExport.objects.create(release=release, format="csv").pk,
        "chains": TrainingChain.objects.create(
            cohort=cohort, release=release, kinds=["detector"], size="tiny"
        ).pk,
        "reports": RoundReport.objects.create(round=parent, size="tiny").pk,
    }


CLOSED = (404, "There is no such thing here.")


@pytest.mark.django_db
@pytest.mark.parametrize("entry", IN_COHORTS, ids=lambda entry: str(entry.name))
def test_what_lies_in_a_closed_cohort_is_there_for_its_members_alone(entry, client_of, user_of, things):
    kind = str(kind_of(ROUTES[entry]))
    assert kind in things, f"add a thing of {kind} to the fixture"
    row = TABLE[str(entry.name)]
    closed = partial(set_members, cohort=things["cohorts"], members_only=True)
    wrong = []
    for role in (C, M, E):
        client = client_of(role)
        for method in METHODS:
            if role not in row.get(method, set()):
                continue
            for members in ([], [f"the-{role.value}"]):
                closed(usernames=members)
                answer = _asked(client, method, url_of(entry, things[kind]))
                if (answer == CLOSED) != (not members) or answer[0] in (401, 403):
                    wrong.append((role, method, members, answer))
    assert wrong == []


def _asked(client: APIClient, method: str, url: str) -> tuple[int, str]:
    """(status, message) of a request whose changes are taken back."""
    with transaction.atomic():
        answer = client.generic(method, url, "{}", content_type="application/json")
        said = getattr(answer, "data", None)
        transaction.set_rollback(True)
    return answer.status_code, said.get("message", "") if isinstance(said, dict) else ""


@pytest.mark.django_db
@pytest.mark.parametrize("entry", API, ids=lambda entry: str(entry.name))
def test_a_token_to_read_is_refused_every_unsafe_method(entry, user_of):
    if entry.name == "session":
        pytest.skip("open to all")
    client = APIClient()
    made = create_token(user=user_of(Role.ADMIN), name="look")
    client.credentials(HTTP_AUTHORIZATION=f"Token {made.secret}")
    for method in METHODS[1:]:
        answer = client.generic(method, url_of(entry), "{}", content_type="application/json")
        assert answer.status_code == 403, method
