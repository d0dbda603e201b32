"""The question for phases over the API: a proposal with pictures, one answer, and how it is remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from detector.phantom.timing import timed_study
from detector.phantom.write import write_nifti
from harvest.domain import Role
from harvest.models import Cohort
from tests.harvest.fixtures import Work

pytestmark = pytest.mark.usefixtures("state", "db")

Clients = Callable[[Role | None], APIClient]


@dataclass
class Question:
    manager: APIClient
    job: dict[str, Any]
    item: dict[str, Any]

    def picture(self, number: int) -> str:
        return f"/api/v1/import-items/{self.item['id']}/thumbnails/{number}.webp"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A phantom whose files are swapped in name: the arterial one is called portal venous."""
    volumes = timed_study(1, 1, "training", matrix=120).volumes
    folder = tmp_path_factory.mktemp("swapped")
    swapped = {"arterial": "portal_venous", "portal_venous": "arterial"}
    for name, phase in swapped.items():
        write_nifti(volumes[phase], folder / f"{name}.nii.gz")
    return sorted(folder.iterdir())


@pytest.fixture
def question(cohort: Cohort, client_of: Clients, work: Work, files: list[Path]) -> Question:
    manager = client_of(Role.DATA_MANAGER)
    sent = [SimpleUploadedFile(path.name, path.read_bytes()) for path in files]
    upload = manager.post(
        f"/api/v1/cohorts/{cohort.pk}/uploads",
        {"file": sent, "relative_path": [f"study/{f.name}" for f in sent]},
        format="multipart",
    ).json()
    with work():
        job = manager.post(f"/api/v1/cohorts/{cohort.pk}/imports", upload, format="json").json()
    (item,) = manager.get(f"/api/v1/imports/{job['id']}/items").json()["results"]
    return Question(manager, job, item)


def test_it_proposes_what_the_images_show(question: Question) -> None:
    assert question.item["outcome"] == "phases_needed"
    assert "is called" in question.item["message"]
    rows = question.item["details"]["series"]
    assert [(row["hint"], row["proposed"]) for row in rows] == [
        ("arterial", "portal_venous"),
        ("portal_venous", "arterial"),
    ]
    assert all(row["probabilities"][row["proposed"]] > 0.5 for row in rows)


def test_its_pictures_are_for_those_who_import(question: Question, client_of: Clients) -> None:
    shown = question.manager.get(question.picture(0))
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/webp")
    assert shown["Cache-Control"] == "private, no-store"
    assert question.manager.get(question.picture(9)).status_code == 404
    for role in (None, Role.CLINICIAN, Role.ML_ENGINEER):
        assert client_of(role).get(question.picture(0)).status_code in (401, 403)


def test_its_answer_takes_the_study_and_is_remembered(question: Question, work: Work) -> None:
    phases = {row["series"]: row["proposed"] for row in question.item["details"]["series"]}
    url = f"/api/v1/imports/{question.job['id']}"
    with work():
        said = question.manager.post(
            f"{url}/phases", {"items": [{"item": question.item["id"], "phases": phases}]}, format="json"
        )
    assert said.status_code == 202
    (item,) = question.manager.get(f"{url}/items").json()["results"]
    assert item["outcome"] == "taken"
    series = question.manager.get(f"/api/v1/studies/{item['study']}").json()["series"]
    assert {(s["assigned_by"], s["confidence"]) for s in series} == {("said", 1.0)}
    assert question.manager.get(question.picture(0)).status_code == 404


def test_an_answer_to_nothing_is_refused(question: Question) -> None:
    url = f"/api/v1/imports/{question.job['id']}/phases"
    nobody = "00000000-0000-0000-0000-000000000000"
    for answer in (
        {},
        {"items": []},
        {"items": [{"item": nobody, "phases": {"4": "arterial"}}]},
        {"given_phases": {"4": "venous"}},
    ):
        assert question.manager.post(url, answer, format="json").status_code == 400, answer
