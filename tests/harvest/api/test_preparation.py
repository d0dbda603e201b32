"""What the API says of a study that is not registered yet, and of one that could not be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from harvest.domain import PreparationState, Role
from harvest.models import Cohort, Study
from tests.harvest.fixtures import make_study
from tests.harvest.states import put

pytestmark = pytest.mark.usefixtures("state", "db")


@pytest.fixture
def manager(client_of: Callable[[Role | None], APIClient]) -> APIClient:
    return client_of(Role.DATA_MANAGER)


def in_state(cohort: Cohort, state: PreparationState, **fields: object) -> Study:
    study = make_study(cohort)
    put(study, preparation=state, **fields)
    return study


@pytest.mark.parametrize("state", [PreparationState.WAITING, PreparationState.RUNNING])
def test_a_volume_that_is_not_ready_says_so(
    cohort: Cohort, manager: APIClient, state: PreparationState
) -> None:
    study = in_state(cohort, state)
    answer = manager.get(f"/api/v1/studies/{study.pk}/volumes/arterial")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    assert "being registered" in answer.json()["message"]


def test_a_failed_study_says_why_and_waits_again_when_it_is_sent(cohort: Cohort, manager: APIClient) -> None:
    error = {"code": "storage_full", "message": "The disk is full."}
    study = in_state(cohort, PreparationState.FAILED, preparation_error=error)
    answer = manager.get(f"/api/v1/studies/{study.pk}/volumes/arterial")
    assert (answer.status_code, answer.json()["code"]) == (409, "preparation_failed")
    assert "The disk is full." in answer.json()["message"]
    shown = manager.get(f"/api/v1/studies/{study.pk}").json()
    assert (shown["preparation"], shown["preparation_error"]) == ("failed", error)
    sent = manager.post(f"/api/v1/studies/{study.pk}/prepare")
    assert (sent.status_code, sent.json()["preparation"]) == (202, "waiting")
    assert manager.post(f"/api/v1/studies/{study.pk}/prepare").status_code == 409


def test_a_cohort_says_how_many_wait_and_its_dashboard_how_far_it_is(
    cohort: Cohort, manager: APIClient
) -> None:
    make_study(cohort)
    in_state(cohort, PreparationState.WAITING)
    in_state(cohort, PreparationState.RUNNING)
    in_state(cohort, PreparationState.FAILED, preparation_error={"code": "x", "message": "y"})
    counts = manager.get(f"/api/v1/cohorts/{cohort.pk}").json()["counts"]
    assert (counts["studies"], counts["unprepared"], counts["preparation_failed"]) == (4, 2, 1)
    board = manager.get(f"/api/v1/cohorts/{cohort.pk}/dashboard").json()
    (job,) = board["jobs"]
    assert (job["kind"], job["state"], job["done"], job["total"]) == ("registration", "running", 2, 4)
    assert [(n["kind"], n["count"]) for n in board["needs"]] == [("failed_preparation", 1)]


def test_where_all_are_ready_nothing_is_said_of_it(cohort: Cohort, manager: APIClient) -> None:
    make_study(cohort)
    assert manager.get(f"/api/v1/cohorts/{cohort.pk}/dashboard").json()["jobs"] == []


def test_nothing_is_frozen_before_it_is_registered(cohort: Cohort, manager: APIClient) -> None:
    in_state(cohort, PreparationState.WAITING, complete=True)
    answer = manager.post(f"/api/v1/cohorts/{cohort.pk}/releases", {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    make = in_state(cohort, PreparationState.READY, complete=True)
    answer = manager.post(f"/api/v1/cohorts/{cohort.pk}/releases", {}, format="json")
    assert (answer.status_code, answer.json()["counts"]["left_out"]) == (201, 1)
    assert make.pk
