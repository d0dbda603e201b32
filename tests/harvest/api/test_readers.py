"""Figures about readers over the API: managers see all, a reader sees own ones and learns nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from harvest.domain import HiddenCase, ReadingPolicy, Role, Verdict
from harvest.models import Cohort, HarvestRound, ModelVersion
from harvest.services.people import create_login
from harvest.services.rounds import create_round
from tests.harvest.fixtures import Work, make_study
from tests.harvest.readers import make_gold, read

Client = Callable[[Role | None], APIClient]
PAGES = ("agreement", "bias", "labour")


@pytest.fixture
def half_read(
    cohort: Cohort, detector: ModelVersion, work: Work, user_of: Callable[[Role], User]
) -> HarvestRound:
    """A round of two readers with a hidden case; the clinician has read all, another reader all but one."""
    cohort.reading_policy = ReadingPolicy.TWO
    cohort.save()
    for _ in range(4):
        make_study(cohort)
    make_gold(cohort)
    with work():
        made = create_round(cohort=cohort, scratch_share=0, hidden_share=0.25)
    other = create_login(username="another", password="x" * 12, role=Role.CLINICIAN)
    rows = list(made.studies.order_by("-hidden", "pk"))  # the hidden case first
    for row in rows:
        read(row, user_of(Role.CLINICIAN), Verdict.NO_LESION)
    for row in rows[:-1]:
        read(row, other, Verdict.NO_LESION)
    return made


def get(client: APIClient, cohort: Cohort, page: str) -> Any:
    response = client.get(f"/api/v1/cohorts/{cohort.pk}/{page}")
    assert response.status_code == 200, response.content
    return response.json()


def test_a_manager_sees_every_reader(half_read, cohort, client_of: Client) -> None:
    manager = client_of(Role.DATA_MANAGER)
    agreement, bias, labour = (get(manager, cohort, page) for page in PAGES)
    assert [found["own"] for found in (agreement, bias, labour)] == [False] * 3
    assert (agreement["read_twice"], agreement["read_once"]) == (3, 1)
    assert [row["kind"] for row in agreement["rows"]] == ["all", "class", "reader", "reader", "pair"]
    verdicts = agreement["rows"][0]["verdicts"]
    assert verdicts["agreement"]["estimate"]["value"] == 1
    assert verdicts["kappa"]["value"] is None  # one verdict is all that was said
    assert [row["reader"] for row in bias["readers"]] == ["another", "the-clinician"]
    assert sum(bias["cases"].values()) == 1
    assert labour["forecast"]["remaining"] == 1
    assert labour["idle_s"] == 30


def test_a_reader_learns_of_no_other_and_of_no_hidden_case(half_read, cohort, client_of: Client) -> None:
    reader = client_of(Role.CLINICIAN)
    agreement, bias, labour = (get(reader, cohort, page) for page in PAGES)
    assert (agreement["rows"], agreement["read_once"], agreement["read_twice"]) == ([], 0, 0)
    assert (bias["readers"], bias["everybody"]["studies"]) == ([], 0)
    assert bias["cases"] == {kind.value: 0 for kind in HiddenCase}
    assert labour["saved"]["shown_mean"]["n"] == 0
    for found in (agreement, bias, labour):
        assert found["own"] is True
        assert "another" not in str(found)
    table = b"".join(reader.get(f"/api/v1/cohorts/{cohort.pk}/labour.csv").streaming_content).decode()
    assert "another" not in table
    assert "hidden" not in table


def test_figures_of_no_cohort_are_not_found(client_of: Client) -> None:
    for page in (*PAGES, "labour.csv"):
        path = f"/api/v1/cohorts/00000000-0000-0000-0000-000000000000/{page}"
        assert client_of(Role.DATA_MANAGER).get(path).status_code == 404
