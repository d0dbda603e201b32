from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from harvest.domain import Role
from harvest.services.cohorts import create_cohort
from tests.harvest.curated import TUMOUR, finish, make_round, make_study, propose

pytestmark = pytest.mark.django_db


def test_a_data_manager_makes_and_changes_a_cohort(client_of):
    client = client_of(Role.DATA_MANAGER)
    made = client.post("/api/v1/cohorts", {"name": "liver", "description": "Two years"}).json()
    empty = {"studies": 0, "pool": 0, "gold": 0, "unprepared": 0, "preparation_failed": 0}
    assert made["counts"] == empty
    changed = client.patch(f"/api/v1/cohorts/{made['id']}", {"score_threshold": 0.3}).json()
    assert (changed["score_threshold"], changed["description"]) == (0.3, "Two years")
    assert [c["name"] for c in client.get("/api/v1/cohorts").json()["results"]] == ["liver"]


def test_a_name_is_given_once(client_of, cohort):
    answer = client_of(Role.DATA_MANAGER).post("/api/v1/cohorts", {"name": cohort.name})
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


def test_a_threshold_outside_0_to_1_is_refused_by_field(client_of, cohort):
    answer = client_of(Role.DATA_MANAGER).patch(f"/api/v1/cohorts/{cohort.id}", {"score_threshold": 3})
    assert answer.status_code == 400
    assert "score_threshold" in answer.json()["details"]["fields"]


def test_an_unknown_cohort_is_not_found(client_of):
    answer = client_of(Role.CLINICIAN).get("/api/v1/cohorts/00000000-0000-0000-0000-000000000000")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_cohort_says_what_of_its_latest_round_waits_for_a_reader(client_of, user_of, cohort):
    client = client_of(Role.CLINICIAN)

    def review():
        (only,) = client.get("/api/v1/cohorts").json()["results"]
        return only["review"]

    studies = [make_study(cohort) for _ in range(3)]
    assert review() is None
    for study in studies:
        propose(make_round(cohort) if study is studies[0] else cohort.rounds.get(), study, TUMOUR)
    first = cohort.rounds.get()
    assert review() == {"round": str(first.pk), "waiting": 3}
    finish(first.studies.first(), user_of(Role.CLINICIAN))
    assert review() == {"round": str(first.pk), "waiting": 2}
    # A later round asks the same studies anew: what is left of the former no longer waits.
    later = propose(make_round(cohort), studies[0], TUMOUR)
    assert review() == {"round": str(later.round.pk), "waiting": 1}
    finish(later, user_of(Role.CLINICIAN))
    assert review() is None


def test_the_list_of_cohorts_takes_as_many_queries_for_one_as_for_many(client_of, cohort):
    client = client_of(Role.CLINICIAN)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/api/v1/cohorts")
        return len(captured)

    propose(make_round(cohort), make_study(cohort), TUMOUR)
    one = queries()
    for name in ("kidney", "spleen"):
        other = create_cohort(name=name)
        propose(make_round(other), make_study(other), TUMOUR)
    assert queries() == one
