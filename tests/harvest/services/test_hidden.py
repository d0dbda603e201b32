"""Hidden cases: gold studies in the queue that measure readers, look like any other and teach nothing."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from harvest.domain import CandidateKind, HiddenCase, LesionSource, Role, Verdict
from harvest.models import Cohort, HarvestRound, Lesion, ModelVersion, RoundStudy, Study
from harvest.selectors.manifest import manifest_of
from harvest.services.reviews import complete_study, record_review
from harvest.services.rounds import create_round
from tests.harvest.fixtures import BOXES, Work, make_study
from tests.harvest.readers import make_gold


@pytest.fixture
def gold(cohort: Cohort, detector: ModelVersion) -> list[Study]:
    """Three gold studies whose one lesion is the best candidate."""
    return [make_gold(cohort) for _ in range(3)]


@pytest.fixture
def round_with_hidden(cohort: Cohort, gold: list[Study], work: Work) -> HarvestRound:
    for _ in range(6):
        make_study(cohort)
    with work():
        made = create_round(cohort=cohort, hidden_share=0.5, scratch_share=0)
    made.refresh_from_db()
    return made


def hidden(parent: HarvestRound, kind: HiddenCase) -> RoundStudy:
    return parent.studies.get(hidden=kind)


def test_a_share_of_gold_studies_is_read_among_the_others_each_kind_in_turn(
    round_with_hidden: HarvestRound,
) -> None:
    kinds = round_with_hidden.studies.exclude(hidden="").values_list("hidden", flat=True)
    assert sorted(kinds) == sorted(HiddenCase)
    assert (round_with_hidden.total, round_with_hidden.readings) == (9, 9)


def test_gold_studies_that_were_hidden_least_often_come_first(
    cohort: Cohort, gold: list[Study], work: Work
) -> None:
    for _ in range(4):
        make_study(cohort)
    seen: list[Any] = []
    for _ in range(3):
        with work():
            made = create_round(cohort=cohort, hidden_share=0.25)
        seen.append(made.studies.exclude(hidden="").get().study_id)
    assert sorted(seen) == sorted(study.pk for study in gold)


def test_a_withheld_lesion_leaves_no_trace_in_what_is_shown(
    round_with_hidden: HarvestRound, client_of: Callable[[Role | None], APIClient]
) -> None:
    row = hidden(round_with_hidden, HiddenCase.WITHHELD)
    withheld = row.candidates.get(kind=CandidateKind.WITHHELD)
    assert withheld.lo == BOXES[0]["lo"]
    shown = client_of(Role.CLINICIAN).get(f"/api/v1/round-studies/{row.pk}").json()
    assert [(c["rank"], c["lo"]) for c in shown["candidates"]] == [(1, BOXES[1]["lo"])]
    assert shown["candidates"][0]["suggested_primary"]
    assert shown["why"]["score"] == BOXES[1]["score"]
    assert str(withheld.pk) not in json.dumps(shown)


def test_an_invented_candidate_lies_on_nothing_and_scores_like_the_others(
    round_with_hidden: HarvestRound,
) -> None:
    row = hidden(round_with_hidden, HiddenCase.INVENTED)
    made = row.candidates.get(kind=CandidateKind.INVENTED)
    assert BOXES[1]["score"] <= made.score <= BOXES[0]["score"]
    others = row.candidates.exclude(pk=made.pk)
    for other in others:
        assert any(made.hi[i] <= other.lo[i] or other.hi[i] <= made.lo[i] for i in range(3))
    ranked = row.candidates.order_by("rank")
    assert [c.score for c in ranked] == sorted((c.score for c in ranked), reverse=True)


def test_nothing_in_the_answers_tells_a_hidden_case_from_a_real_one(
    round_with_hidden: HarvestRound, client_of: Callable[[Role | None], APIClient]
) -> None:
    client = client_of(Role.CLINICIAN)

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            # Which phases supported a candidate is the candidate's own.
            return {key: shape(inner) for key, inner in sorted(value.items()) if key != "phase_scores"}
        return [shape(inner) for inner in value[:1]] if isinstance(value, list) else type(value).__name__

    def answers(row: RoundStudy) -> Any:
        before = client.get(f"/api/v1/round-studies/{row.pk}").json()
        said = client.post(
            f"/api/v1/round-studies/{row.pk}/reviews",
            {"id": str(uuid.uuid4()), "verdict": "no_lesion"},
            format="json",
        )
        detail = client.get(f"/api/v1/studies/{row.study_id}").json()
        assert detail["lesions"] == before["lesions"] == []
        assert (detail["split"], detail["liver_source"]) == (None, None)
        undone = client.post(
            f"/api/v1/round-studies/{row.pk}/reviews",
            {"id": str(uuid.uuid4()), "undoes": said.json()["id"]},
            format="json",
        )
        accepted = client.post(
            f"/api/v1/round-studies/{row.pk}/reviews",
            {
                "id": str(uuid.uuid4()),
                "candidate": before["candidates"][0]["id"],
                "verdict": "primary_lesion",
            },
            format="json",
        )
        after = client.get(f"/api/v1/round-studies/{row.pk}").json()
        own = client.get(f"/api/v1/studies/{row.study_id}").json()["lesions"]
        assert [m["id"] for m in own] == [m["id"] for m in after["lesions"]]
        codes = [said.status_code, undone.status_code, accepted.status_code]
        return shape([before]), shape([after]), shape([detail]), codes, len(own)

    real = answers(round_with_hidden.studies.filter(hidden="").first())
    for kind in HiddenCase:
        assert answers(hidden(round_with_hidden, kind)) == real
    listed = client.get(f"/api/v1/cohorts/{round_with_hidden.cohort_id}/studies").json()["results"]
    assert {(s["split"], s["lesions"], s["liver_source"]) for s in listed} == {(None, None, None)}


def test_a_hidden_case_costs_the_server_what_a_real_one_does(
    round_with_hidden: HarvestRound, client_of: Callable[[Role | None], APIClient]
) -> None:
    """How long an answer takes is made by its queries: they are of the same tables, one after the other."""
    client = client_of(Role.CLINICIAN)

    def asked(method: str, path: str, body: dict[str, Any] | None = None) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            answer = getattr(client, method)(f"/api/v1/{path}", body, format="json")
        assert answer.status_code < 300, answer.content
        return [_said_and_where(query["sql"]) for query in queries]

    def work(row: RoundStudy) -> dict[str, list[str]]:
        path = f"round-studies/{row.pk}"
        shown = client.get(f"/api/v1/{path}").json()["candidates"]
        said: dict[str, list[str]] = {
            "opened": asked("get", path),
            "detail": asked("get", f"studies/{row.study_id}"),
        }
        for at, candidate in enumerate(shown):
            verdict = "not_a_lesion" if at else "primary_lesion"
            said[f"verdict {at}"] = asked(
                "post",
                f"{path}/reviews",
                {"id": str(uuid.uuid4()), "candidate": candidate["id"], "verdict": verdict},
            )
        said["done"] = asked("post", f"{path}/complete", {})
        return said

    real = work(round_with_hidden.studies.filter(hidden="").first())
    # The other kinds show one candidate more or fewer.
    assert work(hidden(round_with_hidden, HiddenCase.PLAIN)) == real


def _said_and_where(sql: str) -> str:
    """SELECT, INSERT or the like, with the tables in their order."""
    return " ".join([sql.split()[0], *re.findall(r'(?:FROM|JOIN|INTO|UPDATE) "?(\w+)', sql)])


def test_what_is_said_of_a_hidden_case_never_reaches_training_data(
    round_with_hidden: HarvestRound, cohort: Cohort, user_of: Callable[[Role], User]
) -> None:
    before = manifest_of(cohort)
    reader = user_of(Role.CLINICIAN)
    for row in round_with_hidden.studies.exclude(hidden=""):
        for candidate in row.candidates.exclude(kind=CandidateKind.WITHHELD):
            verdict = Verdict.PRIMARY_LESION if candidate.rank == 1 else Verdict.NOT_A_LESION
            record_review(
                id=uuid.uuid4(),
                round_study_id=row.pk,
                reader=reader,
                verdict=verdict,
                candidate_id=candidate.pk,
            )
        complete_study(round_study_id=row.pk, reader=reader)
        row.refresh_from_db()
        assert row.settled_at is not None
    assert manifest_of(cohort) == before
    assert not Lesion.objects.filter(source=LesionSource.REVIEW, settled=True).exists()


def test_a_control_arm_is_read_without_candidates(
    cohort: Cohort, detector: ModelVersion, work: Work, client_of: Callable[[Role | None], APIClient]
) -> None:
    for _ in range(4):
        make_study(cohort)
    with work():
        made = create_round(cohort=cohort, scratch_share=0.25)
    row = made.studies.get(from_scratch=True)
    client = client_of(Role.CLINICIAN)
    seen = client.get(f"/api/v1/round-studies/{row.pk}").json()
    assert (seen["from_scratch"], seen["candidates"], row.candidates.count()) == (True, [], 2)
    done = f"/api/v1/round-studies/{row.pk}/complete"
    assert client.post(done, {}, format="json").json()["code"] == "unjudged"
    drawn = {"id": str(uuid.uuid4()), "lo": [-10, 30, -90], "hi": [0, 50, -80], "round_study": str(row.pk)}
    assert client.post(f"/api/v1/studies/{row.study_id}/lesions", drawn, format="json").status_code == 201
    assert client.post(done, {}, format="json").status_code == 204
