from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from harvest import store
from harvest.domain import ModelKind, Role, Split
from harvest.engine_training import folder_of
from harvest.services import supervision, training
from harvest.services.releases import create_release
from harvest.services.versions import register_version
from tests.harvest.curated import make_study, make_version, mark_lesion, weights_file

pytestmark = pytest.mark.django_db
P1TD = {"value": 0.5, "lo": 0.3, "hi": 0.7, "n": 20}


@pytest.fixture
def engineer(client_of):
    return client_of(Role.ML_ENGINEER)


def post(client, path: str, body: dict):
    return client.post(path, body, format="json")


def test_versions_are_listed_by_kind_newest_first(engineer):
    first = make_version()
    make_version(promoted=False, parent=first)
    make_version(ModelKind.CHARACTERIZER)
    page = engineer.get("/api/v1/models?kind=detector").json()
    assert [v["name"] for v in page["results"]] == ["detector-v2", "detector-v1"]
    assert page["results"][0]["parent"] == str(first.pk)
    assert engineer.get("/api/v1/models?kind=oracle").status_code == 400


def test_promote_and_compare(engineer):
    judged = {"metrics": {"p1td_1": P1TD}, "provenance": {"gold_sha256": "g"}}
    a, b = make_version(**judged), make_version(promoted=False, **judged)
    refused = engineer.post(f"/api/v1/models/{b.pk}/promote")
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_refused")
    reason = {"reason": "Its figures are the same."}
    assert post(engineer, f"/api/v1/models/{b.pk}/promote", reason).json()["promoted"] is True
    assert engineer.get(f"/api/v1/models/{a.pk}").json()["promoted"] is False
    compared = engineer.get(f"/api/v1/models/compare?a={a.pk}&b={b.pk}").json()
    (row,) = compared["differences"]
    assert (row["metric"], row["a"], row["difference"]["value"]) == ("p1td_1", P1TD, 0)


def test_promotions_are_listed_and_undone_in_one_step(engineer):
    a, b = make_version(), make_version(promoted=False)
    assert engineer.get("/api/v1/models/roll-back").json()[0] == {"kind": "detector", "to": None}
    post(engineer, f"/api/v1/models/{b.pk}/promote", {"reason": "There is no gold set yet."})
    assert engineer.get("/api/v1/models/roll-back").json()[0]["to"]["name"] == a.name
    assert post(engineer, "/api/v1/models/roll-back", {"kind": "detector"}).json()["name"] == a.name
    listed = engineer.get("/api/v1/promotions").json()["results"]
    assert [(p["version"]["name"], p["ground"], p["approver"]) for p in listed] == [
        (a.name, "rollback", "the-ml_engineer"),
        (b.name, "reason", "the-ml_engineer"),
    ]
    assert post(engineer, "/api/v1/models/roll-back", {"kind": "characterizer"}).status_code == 409


def test_a_version_is_judged_where_there_is_a_gold_set(engineer, cohort):
    make_version()
    b = make_version(promoted=False)
    path = f"/api/v1/models/{b.pk}/judgements"
    assert post(engineer, path, {}).json()["code"] == "no_gold"
    mark_lesion(make_study(cohort, split=Split.GOLD, complete=True))
    create_release(cohort=cohort.pk)
    answer = post(engineer, path, {})
    assert (answer.status_code, answer.json()["state"], answer.json()["total"]) == (202, "queued", 2)
    assert post(engineer, path, {}).json()["code"] == "already_judging"
    (listed,) = engineer.get(path).json()
    assert (listed["passed"], listed["done"], listed["margin"]) == (None, 0, -0.05)
    assert post(engineer, path, {"margin": 0.2}).json()["code"] == "margin"


def test_a_version_goes_out_as_a_file_and_comes_in_as_one(engineer, tmp_path):
    made = register_version(
        weights=weights_file(tmp_path / "w.safetensors"), metrics={}, provenance={"data": "Phantoms."}
    )
    answer = engineer.get(f"/api/v1/models/{made.pk}/file")
    assert "detector-v1.harvest-version.zip" in answer["Content-Disposition"]
    data = b"".join(answer.streaming_content)

    def send(content: bytes):
        file = SimpleUploadedFile("version.zip", content)
        return engineer.post("/api/v1/models/import", {"file": file}, format="multipart")

    assert send(data).json()["code"] == "known_version"
    made.promotions.all().delete()
    made.delete()
    answer = send(data)
    assert (answer.status_code, answer.json()["version"]["promoted"]) == (201, False)
    assert answer.json()["checks"][0]["holds"] is True
    assert send(b"nothing").json()["code"] == "bad_version_file"
    assert len(engineer.get("/api/v1/models/import").json()["fingerprint"]) == 39


def test_a_chain_is_asked_for_followed_and_cancelled(engineer, cohort):
    mark_lesion(make_study(cohort))
    path = f"/api/v1/cohorts/{cohort.pk}/chains"
    asked = {"kinds": ["detector", "key_slice_filter"], "size": "tiny"}
    chain = post(engineer, path, asked).json()
    assert (chain["state"], chain["kinds"], chain["runs"][0]["kind"]) == (
        "queued",
        ["detector", "key_slice_filter"],
        "detector",
    )
    assert post(engineer, path, asked).status_code == 409
    assert engineer.post(f"/api/v1/chains/{chain['id']}/cancel").json()["outcome"] == "cancelled"
    assert [c["id"] for c in engineer.get(path).json()] == [chain["id"]]
    assert engineer.post(f"/api/v1/chains/{chain['id']}/cancel").status_code == 409


def test_a_training_is_asked_for_followed_and_cancelled(engineer, cohort):
    mark_lesion(make_study(cohort))
    asked = {"kinds": ["detector"], "size": "tiny", "overrides": {"steps": 5}}
    answer = post(engineer, f"/api/v1/cohorts/{cohort.pk}/training-runs", asked)
    assert answer.status_code == 202
    (run,) = answer.json()
    assert (run["state"], run["release"]["number"], run["owner"]) == ("queued", 1, "the-ml_engineer")
    folder = folder_of(run["id"])
    folder.mkdir(parents=True)
    (folder / "progress.jsonl").write_text('{"step": 5, "total": 5, "values": {"loss": 0.25}}\n')
    (folder / "log.txt").write_text(f"reading {store.root()}/runs/cases.json\n")
    page = engineer.get(f"/api/v1/training-runs/{run['id']}").json()
    assert page["curve"] == [{"step": 5, "values": {"loss": 0.25}}]
    assert page["log_tail"] == ["reading cases.json"]
    assert engineer.post(f"/api/v1/training-runs/{run['id']}/cancel").json()["state"] == "cancelled"
    assert engineer.post(f"/api/v1/training-runs/{run['id']}/cancel").status_code == 409
    assert engineer.post(f"/api/v1/training-runs/{run['id']}/resume").json()["state"] == "queued"
    assert engineer.post(f"/api/v1/training-runs/{run['id']}/resume").status_code == 409
    assert engineer.post(f"/api/v1/training-runs/{run['id']}/cancel").json()["state"] == "cancelled"
    listed = engineer.get(f"/api/v1/cohorts/{cohort.pk}/training-runs").json()["results"]
    assert [r["id"] for r in listed] == [run["id"]]


def test_nothing_to_learn_from_is_a_conflict_with_its_reason(engineer, cohort):
    make_study(cohort, complete=True)
    answer = post(engineer, f"/api/v1/cohorts/{cohort.pk}/training-runs", {"kinds": ["detector"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_learn")


def test_a_failed_training_shows_its_error(engineer, cohort):
    mark_lesion(make_study(cohort))
    (run,) = training.request_training(cohort=cohort.pk, kinds=["detector"])
    supervision.claim(host="alpha", devices=["cpu:0"])
    supervision.fail(run=run.pk, attempt=1, code="killed", message="It was killed.", lines=["last words"])
    error = engineer.get(f"/api/v1/training-runs/{run.pk}").json()["error"]
    assert error == {"code": "killed", "message": "It was killed.", "details": {"lines": ["last words"]}}


def test_a_schedule_is_made_changed_and_taken_away(engineer, cohort):
    path = f"/api/v1/cohorts/{cohort.pk}/schedules"
    made = post(engineer, path, {"kinds": ["detector"], "every_minutes": 60}).json()
    assert (made["enabled"], made["size"], made["last_outcome"]) == (True, "small", "")
    changed = engineer.patch(f"/api/v1/schedules/{made['id']}", {"enabled": False}, format="json").json()
    assert (changed["enabled"], changed["every_minutes"]) == (False, 60)
    assert engineer.delete(f"/api/v1/schedules/{made['id']}").status_code == 204
    assert engineer.get(path).json()["results"] == []
    assert post(engineer, path, {"kinds": [], "every_minutes": 60}).status_code == 400
    assert post(engineer, path, {"kinds": ["detector"], "every_minutes": 0}).status_code == 400
