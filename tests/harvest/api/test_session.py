from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from harvest.domain import Role
from tests.harvest.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_reader_signs_in_and_out(user_of):
    user_of(Role.CLINICIAN)
    client = APIClient()
    assert client.get("/api/v1/session").json()["user"] is None
    login = {"username": "the-clinician", "password": PASSWORD}
    assert client.post("/api/v1/session", login).json()["user"] == {
        "username": "the-clinician",
        "roles": ["clinician"],
        "preferences": {"language": "", "keys": {}},
    }
    assert client.get("/api/v1/session").json()["user"]["username"] == "the-clinician"
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/session").json()["user"] is None


def test_a_wrong_password_is_named_and_signs_nobody_in(user_of):
    user_of(Role.CLINICIAN)
    client = APIClient()
    answer = client.post("/api/v1/session", {"username": "the-clinician", "password": "not this one"})
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_login")
    assert client.get("/api/v1/session").json()["user"] is None


def test_guessing_a_password_is_slowed_down_for_that_name_alone(user_of):
    user_of(Role.CLINICIAN)
    client = APIClient()
    tries = [client.post("/api/v1/session", {"username": "guessed", "password": str(n)}) for n in range(11)]
    assert [t.status_code for t in tries] == [400] * 10 + [429]
    assert tries[-1].json()["code"] == "throttled"
    other = {"username": "the-clinician", "password": PASSWORD}
    assert client.post("/api/v1/session", other).status_code == 200
    assert client.get("/api/v1/session").json()["user"]["username"] == "the-clinician"


def test_another_site_cannot_sign_a_reader_in(user_of):
    user_of(Role.CLINICIAN)
    login = {"username": "the-clinician", "password": PASSWORD}
    client = APIClient(enforce_csrf_checks=True)
    assert client.post("/api/v1/session", login).status_code == 403
    client.get("/api/v1/session")
    cookie = client.cookies["csrftoken"].value
    assert client.post("/api/v1/session", login, HTTP_X_CSRFTOKEN=cookie).status_code == 200
