from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from harvest.domain import ImportOutcome, JobState, Role, Split, Verdict
from harvest.models import Cohort, ImportItem, ImportJob
from harvest.selectors.dashboard import dashboard
from harvest.services import supervision, training
from tests.harvest.curated import (
    ELSEWHERE,
    TUMOUR,
    finish,
    judge,
    make_round,
    make_study,
    make_version,
    mark_lesion,
    propose,
)
from tests.harvest.states import put

pytestmark = pytest.mark.django_db
P1TD = {"value": 0.5, "lo": 0.3, "hi": 0.7, "n": 20}


def fill(cohort: Cohort, reader) -> None:
    """One more of everything that the page shows."""
    round = make_round(cohort)
    done, waiting = make_study(cohort, lesion_class="hcc"), make_study(cohort)
    row = propose(round, done, TUMOUR, ELSEWHERE)
    for candidate in row.candidates.all():
        judge(row, reader, Verdict.NOT_A_LESION, candidate)
    finish(row, reader, seconds=66)
    judge(propose(round, waiting, TUMOUR), reader, Verdict.MISSED)
    mark_lesion(done, reader=reader)
    job = ImportJob.objects.create(cohort=cohort, state=JobState.SUCCEEDED, total=2, done=2)
    ImportItem.objects.create(job=job, ordinal=1, outcome=ImportOutcome.PHASES_NEEDED)
    ImportItem.objects.create(job=job, ordinal=2, outcome=ImportOutcome.REFUSED)
    # What every archive holds (a readme, a scout) needs nobody.
    ImportItem.objects.create(job=job, ordinal=3, outcome=ImportOutcome.REFUSED, routine=True)
    (run,) = training.request_training(cohort=cohort.pk, kinds=["detector"])
    made = make_version(promoted=False, release=run.release, metrics={"p1td_1": P1TD})
    put(run, state=JobState.SUCCEEDED, result=made)


def test_an_empty_cohort_has_an_empty_page(client_of, cohort):
    page = client_of(Role.CLINICIAN).get(f"/api/v1/cohorts/{cohort.pk}/dashboard").json()
    assert set(page["strip"].values()) == {0}
    assert page["needs"] == page["jobs"] == page["minutes_by_reader"] == []
    assert page["forecast_minutes"] is None


def test_the_loop_in_numbers(client_of, user_of, cohort):
    fill(cohort, user_of(Role.CLINICIAN))
    make_study(cohort, split=Split.GOLD)
    page = client_of(Role.CLINICIAN).get(f"/api/v1/cohorts/{cohort.pk}/dashboard").json()
    assert page["strip"] == {
        "imported": 3,
        "proposed": 2,
        "reviewed": 1,
        "curated": 1,
        "trained": 1,
        "released": 1,
    }
    assert {need["kind"]: need["count"] for need in page["needs"]} == {
        "phases": 1,
        "review": 1,
        "draw": 1,
        "failed_import": 1,
        "promote": 1,
    }
    assert page["lesions_by_class"] == [{"lesion_class": "hcc", "count": 1}]
    assert page["minutes_by_reader"] == [
        {"reader": "the-clinician", "minutes": 66 / 60, "studies": 1, "seconds_a_study": 66}
    ]
    assert page["forecast_minutes"] == pytest.approx(66 / 60)
    assert [(v["name"], v["round_numbers"], v["p1td_1"]) for v in page["versions"]] == [
        ("detector-v1", [1], None),
        ("detector-v2", [], P1TD),
    ]
    assert [(job["kind"], job["state"]) for job in page["jobs"]] == [
        ("training", "succeeded"),
        ("import", "succeeded"),
        ("round", "succeeded"),
    ]


def test_a_failed_training_is_a_need_until_a_later_one(user_of, cohort):
    fill(cohort, user_of(Role.CLINICIAN))
    (failed,) = training.request_training(cohort=cohort.pk, kinds=["detector"])
    supervision.claim(host="alpha", devices=["cpu:0"])
    supervision.fail(run=failed.pk, attempt=1, code="killed", message="It was killed.")
    assert "failed_training" in [need["kind"] for need in dashboard(cohort)["needs"]]
    training.request_training(cohort=cohort.pk, kinds=["detector"])
    assert "failed_training" not in [need["kind"] for need in dashboard(cohort)["needs"]]


def test_queries_do_not_grow_with_the_cohort(user_of, cohort):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            dashboard(cohort)
        return len(captured)

    fill(cohort, user_of(Role.CLINICIAN))
    few = queries()
    for _ in range(3):
        fill(cohort, user_of(Role.CLINICIAN))
    assert queries() == few
