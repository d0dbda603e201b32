from __future__ import annotations

import pytest

from harvest.domain import Role

pytestmark = pytest.mark.django_db


def test_a_data_manager_makes_and_changes_a_cohort(client_of):
    client = client_of(Role.DATA_MANAGER)
    made = client.post("/api/v1/cohorts", {"name": "liver", "description": "Two years"}).json()
    assert made["counts"] == {"studies": 0, "pool": 0, "gold": 0}
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
