"""Imports, studies and rounds over the API."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from harvest.domain import ModelKind, Role, Split
from harvest.models import Cohort, HarvestRound, Lesion
from tests.harvest.archive import write_study
from tests.harvest.fixtures import BOXES, Work, make_study, make_version

ClientOf = Callable[[Role | None], APIClient]
pytestmark = pytest.mark.usefixtures("state")


@pytest.fixture
def manager(client_of: ClientOf) -> APIClient:
    return client_of(Role.DATA_MANAGER)


def upload(client: APIClient, cohort: Cohort, folder: Path, **fields: str) -> Any:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    body = {
        "file": [SimpleUploadedFile(p.name, p.read_bytes()) for p in files],
        "relative_path": [str(p.relative_to(folder)) for p in files],
    }
    return client.post(f"/api/v1/cohorts/{cohort.pk}/uploads", body | fields, format="multipart")


def test_a_folder_is_uploaded_in_parts_and_imported(
    manager: APIClient, client_of: ClientOf, cohort: Cohort, tmp_path: Path, work: Work
) -> None:
    write_study(tmp_path / "in" / "a" / "Doe", seed=1)
    write_study(tmp_path / "in" / "b" / "4", seed=2, names=("4",))
    id = upload(manager, cohort, tmp_path / "in" / "a").json()["upload_id"]
    assert upload(manager, cohort, tmp_path / "in" / "b", upload_id=id).json()["upload_id"] == id
    with work():
        asked = manager.post(
            f"/api/v1/cohorts/{cohort.pk}/imports", {"upload_id": id, "split": "gold"}, format="json"
        )
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    job = f"/api/v1/imports/{asked.json()['id']}"
    got = manager.get(job).json()
    assert (got["state"], got["done"], got["total"], got["split"]) == ("succeeded", 2, 2, "gold")
    assert got["counts"] == {
        "waiting": 0,
        "taken": 1,
        "duplicate": 0,
        "refused": 0,
        "phases_needed": 1,
    }
    items = manager.get(f"{job}/items").json()["results"]
    assert [(i["outcome"], i["relative_path"]) for i in items] == [("phases_needed", "4"), ("taken", "Doe")]
    others = client_of(Role.ML_ENGINEER).get(f"{job}/items").json()["results"]
    assert [i["relative_path"] for i in others] == ["", ""]
    with work():
        manager.post(f"{job}/phases", {"given_phases": {"4": "portal_venous"}}, format="json")
    assert manager.get(job).json()["counts"]["taken"] == 2
    assert Lesion.objects.count() == 2
    again = manager.post(f"/api/v1/cohorts/{cohort.pk}/imports", {"upload_id": id}, format="json")
    assert (again.status_code, again.json()["code"]) == (404, "upload_missing")


def test_files_and_paths_must_match(manager: APIClient, cohort: Cohort) -> None:
    body = {"file": [SimpleUploadedFile("a", b"a")], "relative_path": ["a", "b"]}
    answer = manager.post(f"/api/v1/cohorts/{cohort.pk}/uploads", body, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_studies_are_listed_by_number_with_what_is_known(manager: APIClient, cohort: Cohort) -> None:
    make_study(cohort, split=Split.GOLD, subject="abc")
    make_study(cohort)
    got = manager.get(f"/api/v1/cohorts/{cohort.pk}/studies").json()["results"]
    assert [s["ordinal"] for s in got] == [1, 2]
    assert (got[0]["split"], got[0]["subject"], got[0]["lesions"]) == ("gold", "abc", 0)
    url = f"/api/v1/studies/{got[0]['id']}"
    changed = manager.patch(url, {"lesion_class": "icc"}, format="json").json()
    assert (changed["lesion_class"], changed["round_study"]) == ("icc", None)
    assert [s["phase"] for s in changed["series"]] == ["arterial", "portal_venous"]
    wrong = manager.patch(url, {"lesion_class": "flu"}, format="json")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid")


def test_a_round_over_the_api_names_what_failed(manager: APIClient, cohort: Cohort, work: Work) -> None:
    make_study(cohort)
    bad = make_study(cohort, phases=("portal_venous",))
    version = make_version(ModelKind.DETECTOR, BOXES, promoted=False)
    url = f"/api/v1/cohorts/{cohort.pk}/rounds"
    none = manager.post(url, {}, format="json")
    unknown = manager.post(url, {"model_version": str(uuid.uuid4())}, format="json")
    assert [(a.status_code, a.json()["code"]) for a in (none, unknown)] == [
        (400, "no_model"),
        (404, "unknown_model"),
    ]
    with work():
        asked = manager.post(url, {"model_version": str(version.pk)}, format="json")
    assert asked.status_code == 202
    got = manager.get(f"/api/v1/rounds/{asked.json()['id']}").json()
    assert [got[k] for k in ("number", "state", "total", "done", "failed", "candidates")] == [
        1,
        "succeeded",
        2,
        2,
        1,
        2,
    ]
    assert got["failures"][0] | {"message": ""} == {
        "study": str(bad.pk),
        "ordinal": 2,
        "code": "unreadable",
        "message": "",
    }
    assert manager.get(url).json()["results"] == [got]
    ended = manager.post(f"/api/v1/rounds/{got['id']}/cancel")
    assert (ended.status_code, ended.json()["code"]) == (409, "invalid_transition")


MAY = {
    "clinician": [200, 200, 200, 403, 403, 200, 403],
    "data_manager": [200, 200, 200, 200, 409, 403, 400],
    "ml_engineer": [200, 200, 200, 403, 409, 403, 403],
    None: [403] * 7,
}


@pytest.mark.parametrize("role", MAY)
def test_roles(client_of: ClientOf, cohort: Cohort, ready_round: HarvestRound, role: str | None) -> None:
    client = client_of(Role(role) if role else None)
    study = cohort.studies.first()
    assert study is not None
    got = [
        client.get(f"/api/v1/studies/{study.pk}"),
        client.get(f"/api/v1/rounds/{ready_round.pk}"),
        client.get(f"/api/v1/studies/{study.pk}/volumes/arterial"),
        client.patch(f"/api/v1/studies/{study.pk}", {"lesion_class": ""}, format="json"),
        client.post(f"/api/v1/rounds/{ready_round.pk}/cancel"),
        client.post(f"/api/v1/rounds/{ready_round.pk}/next", {}, format="json"),
        client.post(f"/api/v1/cohorts/{cohort.pk}/imports", {}, format="json"),
    ]
    assert [a.status_code for a in got] == MAY[role]
