"""Tokens of scripts: shown once, of a scope, perhaps of one cohort, and with an end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from harvest.domain import Role, TokenScope
from harvest.models import ApiToken
from harvest.services.cohorts import create_cohort
from harvest.services.tokens import PREFIX, create_token

pytestmark = pytest.mark.django_db
COHORTS = "/api/v1/cohorts"


def script(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


def test_a_script_uses_a_token_whose_secret_is_told_once(client_of):
    owner = client_of(Role.DATA_MANAGER)
    made = owner.post("/api/v1/tokens", {"name": "nightly", "scope": "write"}).json()
    assert made["secret"].startswith(PREFIX)
    assert made["token"]["owner"] == "the-data_manager"
    assert script(made["secret"]).post(COHORTS, {"name": "liver"}).status_code == 201
    listed = owner.get("/api/v1/tokens")
    assert [row["name"] for row in listed.json()["results"]] == ["nightly"]
    assert made["secret"] not in listed.content.decode()
    assert made["secret"] not in str(ApiToken.objects.values())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"revoked_at": timezone.now()}, "was revoked"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "has expired"),
        ({"secret_hash": "0"}, "is not known here"),
    ],
)
def test_a_token_that_does_not_hold_is_a_401_that_says_why(user_of, change, said):
    made = create_token(user=user_of(Role.ADMIN), name="old")
    ApiToken.objects.filter(pk=made.row.pk).update(**change)
    answer = script(made.secret).get(COHORTS)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")
    assert said in answer.json()["message"]


def test_the_token_of_someone_who_may_not_sign_in_any_more_ends_with_that(user_of):
    user = user_of(Role.CLINICIAN)
    made = create_token(user=user, name="old")
    user.is_active = False
    user.save()
    assert script(made.secret).get(COHORTS).status_code == 401


def test_a_token_to_read_changes_nothing(user_of):
    made = create_token(user=user_of(Role.DATA_MANAGER), name="look")
    answer = script(made.secret).post(COHORTS, {"name": "liver"})
    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "This token may only read. Make one that may write.",
    )


def test_a_token_of_one_cohort_knows_no_other_and_changes_nothing_outside(user_of, cohort):
    other = create_cohort(name="other")
    made = create_token(user=user_of(Role.ADMIN), name="one", scope=TokenScope.WRITE, cohort=cohort.pk)
    client = script(made.secret)
    assert [row["name"] for row in client.get(COHORTS).json()["results"]] == ["liver"]
    assert client.patch(f"{COHORTS}/{cohort.pk}", {"description": "d"}).status_code == 200
    assert client.get(f"{COHORTS}/{other.pk}").status_code == 404
    assert client.post(COHORTS, {"name": "third"}).status_code == 403


def test_no_token_makes_tokens_or_ends_them(user_of):
    made = create_token(user=user_of(Role.ADMIN), name="one", scope=TokenScope.WRITE)
    client = script(made.secret)
    assert client.post("/api/v1/tokens", {"name": "two"}).status_code == 403
    assert client.delete(f"/api/v1/tokens/{made.row.pk}").status_code == 403


def test_people_end_their_own_tokens_and_admins_anybody_s(client_of, user_of):
    tokens = [create_token(user=user_of(Role.CLINICIAN), name=name).row for name in "ab"]
    first, second = (f"/api/v1/tokens/{row.pk}" for row in tokens)
    assert client_of(Role.DATA_MANAGER).delete(first).status_code == 404
    assert client_of(Role.DATA_MANAGER).get("/api/v1/tokens").json()["results"] == []
    assert client_of(Role.CLINICIAN).delete(first).status_code == 204
    assert len(client_of(Role.ADMIN).get("/api/v1/tokens").json()["results"]) == 2
    assert client_of(Role.ADMIN).delete(second).status_code == 204
    assert not ApiToken.objects.filter(revoked_at=None).exists()


def test_a_token_lasts_a_year_at_most(client_of):
    answer = client_of(Role.CLINICIAN).post("/api/v1/tokens", {"name": "for ever", "days": 366})
    assert answer.status_code == 400


def test_use_is_noted_once_a_minute(user_of, django_assert_num_queries):
    made = create_token(user=user_of(Role.ADMIN), name="busy")
    script(made.secret).get(COHORTS)
    noted = ApiToken.objects.get().last_used_at
    assert noted is not None
    script(made.secret).get(COHORTS)
    assert ApiToken.objects.get().last_used_at == noted
