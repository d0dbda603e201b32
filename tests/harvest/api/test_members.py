"""A cohort for its members only is not there for others."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from harvest.domain import Role
from harvest.models import Cohort
from harvest.services.cohorts import create_cohort
from harvest.services.members import set_members

pytestmark = pytest.mark.django_db
COHORTS = "/api/v1/cohorts"


def names(client):
    return [row["name"] for row in client.get(COHORTS).json()["results"]]


def test_a_cohort_is_open_until_it_is_closed_to_all_but_members_and_admins(client_of, user_of, cohort):
    manager, reader = client_of(Role.DATA_MANAGER), client_of(Role.CLINICIAN)
    url = f"{COHORTS}/{cohort.pk}"
    told = manager.get(f"{url}/members").json()
    assert (told["members_only"], told["members"]) == (False, [])
    assert told["others"] == [
        {"username": "the-clinician", "roles": ["clinician"]},
        {"username": "the-data_manager", "roles": ["data_manager"]},
    ]
    given = {"members_only": True, "usernames": ["the-data_manager"]}
    told = manager.put(f"{url}/members", given, format="json").json()
    assert (told["members_only"], [m["username"] for m in told["members"]]) == (True, ["the-data_manager"])
    assert (names(manager), names(reader), names(client_of(Role.ADMIN))) == (["liver"], [], ["liver"])
    assert reader.get(url).status_code == 404
    assert client_of(Role.ADMIN).get(url).status_code == 200
    set_members(cohort=cohort.pk, usernames=["the-data_manager", "the-clinician"], members_only=True)
    assert (names(reader), reader.get(url).status_code) == (["liver"], 200)


def test_nobody_shuts_themselves_out(client_of, cohort):
    given = {"members_only": True, "usernames": []}
    url = f"{COHORTS}/{cohort.pk}/members"
    answer = client_of(Role.DATA_MANAGER).put(url, given, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "shuts_oneself_out")
    assert client_of(Role.ADMIN).put(url, given, format="json").status_code == 200


def test_names_of_nobody_are_named_and_change_nothing(client_of, cohort):
    given = {"members_only": True, "usernames": ["the-data_manager", "nobody"]}
    answer = client_of(Role.DATA_MANAGER).put(f"{COHORTS}/{cohort.pk}/members", given, format="json")
    assert answer.json()["code"] == "unknown_people"
    assert "nobody" in answer.json()["message"]
    assert not Cohort.objects.get().members_only


def test_what_is_closed_and_what_is_not_there_answer_alike(client_of, cohort):
    reader = client_of(Role.CLINICIAN)
    set_members(cohort=cohort.pk, usernames=[], members_only=True)
    missing = cohort.pk.__class__(int=0)
    closed, absent = (reader.get(f"{COHORTS}/{id}") for id in (cohort.pk, missing))
    assert (closed.status_code, closed.json()) == (absent.status_code, absent.json())


def test_the_command_shows_adds_removes_closes_and_opens(user_of, cohort, capsys):
    user_of(Role.CLINICIAN)
    call_command("members", cohort.name, "--add", "the-clinician", "--close")
    assert "its members only. Members: the-clinician." in capsys.readouterr().out
    call_command("members", cohort.name, "--remove", "the-clinician", "--open")
    assert "everyone of a role. Members: nobody." in capsys.readouterr().out
    create_cohort(name="other")
    call_command("members", "other")
    assert "other is open to everyone" in capsys.readouterr().out


def test_membership_costs_a_query_only_where_something_is_closed(client_of, cohort):
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"{COHORTS}/{cohort.pk}/training-runs").status_code == 200
        return len(caught)

    client = client_of(Role.CLINICIAN)
    before = queries()
    create_cohort(name="open")
    assert queries() == before
    set_members(cohort=create_cohort(name="closed").pk, usernames=[], members_only=True)
    assert queries() == before + 1
