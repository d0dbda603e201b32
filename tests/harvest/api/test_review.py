"""The review queue over the API, as the browser uses it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from detector.geometry import Box3D
from harvest.api.review_shapes import CandidateSerializer, TileSerializer
from harvest.domain import Role
from harvest.models import Cohort, HarvestRound, Lesion, Review, RoundStudy, Series, Study
from harvest.services.readings import open_readings
from tests.harvest.fixtures import BOXES, make_study

ClientOf = Callable[[Role | None], APIClient]


@pytest.fixture
def reader(client_of: ClientOf) -> APIClient:
    return client_of(Role.CLINICIAN)


@pytest.fixture
def study(reader: APIClient, ready_round: HarvestRound) -> dict[str, Any]:
    """The first study of the queue."""
    return reader.post(f"/api/v1/rounds/{ready_round.pk}/next", {}, format="json").json()["studies"][0]


def judge(reader: APIClient, study: dict[str, Any], **said: Any) -> Any:
    body = {"id": str(uuid.uuid4())} | said
    return reader.post(f"/api/v1/round-studies/{study['id']}/reviews", body, format="json")


def test_phase_that_lies_loosely_is_told_with_the_study_and_the_others_are_not(
    reader: APIClient, study: dict[str, Any]
) -> None:
    assert study["study"]["phase_flags"] == {}
    series = Series.objects.get(study=study["study"]["id"], phase="arterial")
    series.registration = {"method": "rigid", "flag": "loosely aligned"}
    series.save()
    again = reader.get(f"/api/v1/round-studies/{study['id']}").json()
    assert again["study"]["phase_flags"] == {"arterial": "loosely aligned"}
    detail = reader.get(f"/api/v1/studies/{study['study']['id']}").json()
    assert detail["phase_flags"] == {"arterial": "loosely aligned"}


def test_next_hands_out_a_study_with_all_the_grid_needs(reader: APIClient, ready_round: HarvestRound) -> None:
    got = reader.post(f"/api/v1/rounds/{ready_round.pk}/next", {"ahead": 2}, format="json").json()
    assert (got["remaining"], got["reviewed"], len(got["studies"])) == (3, 0, 3)
    study = got["studies"][0]
    assert got["order"] == [s["id"] for s in got["studies"]]
    assert (study["queue_state"], study["study_verdict"]) == ("leased", None)
    assert study["study"]["phases"] == ["arterial", "portal_venous"]
    why = study["why"]
    assert why.pop("strategy") in ("score", "random")
    assert why == {"model_version": "detector-v1", "score": 0.9, "stratum": "", "random_share": 0.1}
    first = study["candidates"][0]
    assert (first["lo"], first["hi"], first["phase_scores"]) == (
        BOXES[0]["lo"],
        BOXES[0]["hi"],
        {"arterial": 0.7},
    )
    tile = first["tile"]
    box = Box3D(tuple(first["lo"]), tuple(first["hi"]))
    assert tile["first_z_index"] + tile["key_offset"] == first["key_z_index"]
    assert tile["crop_lo"][0] < box.lo[0] < box.hi[0] < tile["crop_hi"][0]
    assert tile["mm_per_px"] * tile["width"] == pytest.approx(tile["crop_hi"][0] - tile["crop_lo"][0])


def test_a_candidate_is_written_out_as_the_schema_says(study: dict[str, Any]) -> None:
    candidate = study["candidates"][0]
    assert list(candidate) == list(CandidateSerializer().fields)
    assert list(candidate["tile"]) == list(TileSerializer().fields)


def test_a_study_is_judged_to_its_end(reader: APIClient, study: dict[str, Any]) -> None:
    first, second = study["candidates"]
    made = judge(reader, study, candidate=first["id"], verdict="primary_lesion")
    assert (made.status_code, made.json()["verdict"]) == (201, "primary_lesion")
    unjudged = reader.post(f"/api/v1/round-studies/{study['id']}/complete", {}, format="json")
    assert (unjudged.status_code, unjudged.json()["code"]) == (409, "unjudged")
    judge(reader, study, candidate=second["id"], verdict="not_a_lesion")
    ended = reader.post(f"/api/v1/round-studies/{study['id']}/complete", {"waited_ms": 2}, format="json")
    assert ended.status_code == 204
    done = reader.get(f"/api/v1/round-studies/{study['id']}").json()
    assert (done["queue_state"], [c["verdict"] for c in done["candidates"]]) == (
        "done",
        ["primary_lesion", "not_a_lesion"],
    )
    lesion = done["lesions"][0]
    assert (lesion["lo"], lesion["hi"], lesion["source"]) == (first["lo"], first["hi"], "review")
    after = reader.post(f"/api/v1/rounds/{study['round']}/next", {}, format="json").json()
    assert (after["remaining"], after["reviewed"]) == (2, 1)
    assert after["order"][0] != study["id"]


def test_what_the_page_holds_already_is_not_sent_again(reader: APIClient, ready_round: HarvestRound) -> None:
    url = f"/api/v1/rounds/{ready_round.pk}/next"
    first = reader.post(url, {"ahead": 1}, format="json").json()
    again = reader.post(url, {"ahead": 2, "have": first["order"]}, format="json").json()
    assert again["order"][:2] == first["order"]
    assert [s["id"] for s in again["studies"]] == again["order"][2:]


def test_a_stale_verdict_brings_both_versions(reader: APIClient, study: dict[str, Any]) -> None:
    id = study["candidates"][0]["id"]
    stored = judge(reader, study, candidate=id, verdict="unsure", seen=None).json()
    answer = judge(reader, study, candidate=id, verdict="not_a_lesion", seen=None)
    assert (answer.status_code, answer.json()["code"]) == (409, "stale")
    said = answer.json()["details"]["stored"]
    assert (said["id"], said["verdict"]) == (stored["id"], "unsure")
    kept = judge(reader, study, candidate=id, verdict="not_a_lesion", seen=stored["id"])
    assert kept.status_code == 201


def test_a_retried_verdict_is_answered_and_stored_once(reader: APIClient, study: dict[str, Any]) -> None:
    said = {"id": str(uuid.uuid4()), "candidate": study["candidates"][0]["id"], "verdict": "other_lesion"}
    first, again = judge(reader, study, **said), judge(reader, study, **said)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (Review.objects.count(), Lesion.objects.count()) == (1, 1)
    other = judge(reader, study, **said | {"verdict": "unsure"})
    assert (other.status_code, other.json()["code"]) == (409, "id_reused")


def test_undo_over_the_api(reader: APIClient, study: dict[str, Any]) -> None:
    id = study["candidates"][0]["id"]
    made = judge(reader, study, candidate=id, verdict="primary_lesion").json()
    undone = judge(reader, study, undoes=made["id"])
    assert undone.json() | {"created_at": "", "id": ""} == {
        "id": "",
        "candidate": id,
        "verdict": "",
        "undoes": made["id"],
        "created_at": "",
    }
    seen = reader.get(f"/api/v1/round-studies/{study['id']}").json()
    assert (seen["candidates"][0]["verdict"], seen["lesions"]) == (None, [])


@pytest.mark.parametrize(
    "said",
    [{}, {"verdict": "primary_lesion", "undoes": str(uuid.uuid4())}, {"verdict": "maybe"}],
    ids=["nothing", "both", "no verdict of ours"],
)
def test_a_review_says_one_thing(reader: APIClient, study: dict[str, Any], said: dict[str, str]) -> None:
    answer = judge(reader, study, **said)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_lesion_takes_over_in_which_phases_it_is_not_to_be_seen(
    reader: APIClient, study: dict[str, Any]
) -> None:
    said = {"candidate": study["candidates"][0]["id"], "verdict": "primary_lesion"}
    judge(reader, study, **said, absent_phases=["arterial"])
    seen = reader.get(f"/api/v1/round-studies/{study['id']}").json()
    assert [c["absent_phases"] for c in seen["candidates"]] == [["arterial"], []]
    assert [m["absent_phases"] for m in seen["lesions"]] == [["arterial"]]
    judge(reader, study, **said)
    seen = reader.get(f"/api/v1/round-studies/{study['id']}").json()
    assert [m["absent_phases"] for m in seen["lesions"]] == [[]]


@pytest.mark.parametrize(
    ("absent", "code"),
    [(["delayed"], "unknown_phase"), (["arterial", "portal_venous"], "nowhere")],
)
def test_a_lesion_is_to_be_seen_in_a_phase_that_there_is(
    reader: APIClient, study: dict[str, Any], absent: list[str], code: str
) -> None:
    said = {"candidate": study["candidates"][0]["id"], "verdict": "primary_lesion"}
    answer = judge(reader, study, **said, absent_phases=absent)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Review.objects.exists()


def test_only_own_verdicts_are_shown(reader: APIClient, study: dict[str, Any], client_of: ClientOf) -> None:
    judge(reader, study, candidate=study["candidates"][0]["id"], verdict="unsure")
    seen = client_of(Role.ADMIN).get(f"/api/v1/round-studies/{study['id']}").json()
    assert [c["verdict"] for c in seen["candidates"]] == [None, None]


def test_a_drawn_lesion_comes_back_as_it_was_drawn(reader: APIClient, study: dict[str, Any]) -> None:
    drawn = {
        "id": str(uuid.uuid4()),
        "lo": [-10.123456789, 30.1, -90.3],
        "hi": [0.1 + 0.2, 50.7, -80.9],
        "primary": True,
        "absent_phases": ["arterial"],
        "round_study": study["id"],
    }
    url = f"/api/v1/studies/{study['study']['id']}/lesions"
    first, again = reader.post(url, drawn, format="json"), reader.post(url, drawn, format="json")
    assert (first.status_code, again.status_code) == (201, 200)
    seen = reader.get(f"/api/v1/round-studies/{study['id']}").json()["lesions"]
    assert [(m["lo"], m["hi"], m["source"]) for m in seen] == [(drawn["lo"], drawn["hi"], "drawn")]
    outside = drawn | {"id": str(uuid.uuid4()), "hi": [0, 50, 1e6]}
    refused = reader.post(url, outside, format="json")
    assert (refused.status_code, refused.json()["code"]) == (400, "outside")
    lesion = f"/api/v1/lesions/{first.json()['id']}"
    assert reader.patch(lesion, {"lesion_class": "cyst"}, format="json").json()["lesion_class"] == "cyst"
    assert reader.delete(lesion).status_code == 204
    assert reader.get(f"/api/v1/round-studies/{study['id']}").json()["lesions"] == []


def test_voxels_come_as_little_endian_slices(reader: APIClient, study: dict[str, Any]) -> None:
    url = f"/api/v1/studies/{study['study']['id']}/volumes/portal_venous"
    answer = reader.get(f"{url}?first=2&count=3")
    voxels = np.frombuffer(answer.getvalue(), "<i2").reshape(3, 24, 20)
    assert int(answer.headers["Content-Length"]) == voxels.nbytes
    assert (
        voxels[1, 5, 7]
        == 20 * 3 + 4 * 5 + 2 * 7 - 50 + Study.objects.get(pk=study["study"]["id"]).ordinal + 1
    )
    assert len(reader.get(url).getvalue()) == 10 * 24 * 20 * 2
    beyond = reader.get(f"{url}?first=8&count=3")
    assert (beyond.status_code, beyond.json()["code"]) == (400, "outside")


def test_a_queue_costs_the_same_number_of_queries_whatever_its_length(
    reader: APIClient, cohort: Cohort, ready_round: HarvestRound, study: dict[str, Any]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            reader.post(f"/api/v1/rounds/{ready_round.pk}/next", {"ahead": 1}, format="json")
        return len([q for q in seen if q["sql"].startswith("SELECT")])

    queries()
    before = queries()
    for _ in range(5):
        row = RoundStudy.objects.create(round=ready_round, study=make_study(cohort), state="succeeded")
        open_readings(row, priority=1.0)
    assert queries() == before


@pytest.mark.parametrize("page", ["studies", "rounds", "imports"])
def test_lists_cost_the_same_number_of_queries_whatever_their_length(
    client_of: ClientOf, cohort: Cohort, ready_round: HarvestRound, page: str
) -> None:
    client = client_of(Role.DATA_MANAGER)
    url = f"/api/v1/cohorts/{cohort.pk}/{page}"
    client.get(url)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url).status_code == 200
        return len(seen)

    before = queries()
    for _ in range(3):
        make_study(cohort)
        HarvestRound.objects.create(
            cohort=cohort, number=cohort.rounds.count() + 1, model_version=ready_round.model_version
        )
        cohort.imports.create(source_path="")
    assert queries() == before
