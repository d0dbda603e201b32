"""Labels over the API: previewed, answered, applied, listed, undone; nothing of the table comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from harvest.domain import Role
from harvest.models import Cohort
from tests.harvest.services.test_labels import after, class_of, study_of, table

pytestmark = pytest.mark.usefixtures("state", "db")


@pytest.fixture
def client(client_of: Callable[[Role | None], APIClient]) -> APIClient:
    return client_of(Role.DATA_MANAGER)


def send(client: APIClient, path: str, data: bytes, **fields: Any) -> Any:
    body = {"file": SimpleUploadedFile("Doe.csv", data), **fields}
    return client.post(f"/api/v1/{path}", body, format="multipart")


def test_preview_answer_apply_list_and_undo(client: APIClient, cohort: Cohort) -> None:
    first, second = study_of(cohort, "Jane Doe"), study_of(cohort, "Jane Doe")
    plain = study_of(cohort, "Roe")
    data = table(("Jane Doe", "HCC", after(4), "biopsy"), ("Roe", "FNH", after(1), ""), ("X", "?", "", ""))
    base = f"cohorts/{cohort.pk}/labels"
    shown = send(client, f"{base}/preview", data)
    assert shown.status_code == 200
    assert shown.json()["counts"] == {"ready": 1, "question": 1, "unchanged": 0, "skipped": 0, "error": 1}
    asked, ready, wrong = shown.json()["rows"]
    assert (asked["row"], [c["ordinal"] for c in asked["choices"]]) == (2, [first.ordinal, second.ordinal])
    assert {c["days"] for c in asked["choices"]} == {4}
    assert (ready["study"]["id"], wrong["row"], wrong["code"]) == (str(plain.pk), 4, "unknown_pathology")
    assert "Doe" not in shown.content.decode()
    assert (class_of(first), class_of(plain)) == ("", "")

    answer = json.dumps({"2": str(second.pk)})
    made = send(client, base, data, choices=answer)
    assert made.status_code == 201
    assert made.json()["applied"]["labels"] == 2
    assert (class_of(first), class_of(second), class_of(plain)) == ("", "hcc", "fnh")
    (listed,) = client.get(f"/api/v1/{base}").json()["results"]
    assert listed["undone_at"] is None
    undone = client.post(f"/api/v1/labels/{listed['id']}/undo").json()
    assert (undone["kept"], class_of(second)) == (0, "")
    assert client.post(f"/api/v1/labels/{listed['id']}/undo").status_code == 409


def test_what_is_wrong_with_the_request_is_said(client: APIClient, cohort: Cohort) -> None:
    base = f"cohorts/{cohort.pk}/labels"
    for path, data, fields, code in (
        (base, b"", {}, "table_empty"),
        (base, b"\xd0\xcf\x11\xe0", {}, "table_encrypted"),
        (base, table(("nobody", "HCC", after(1), "")), {}, "nothing_to_apply"),
        (f"{base}/preview", table(), {"choices": "[1]"}, "invalid"),
        (f"{base}/preview", table(), {"choices": '{"2": "x"}'}, "invalid"),
        (f"{base}/preview", table(), {"window_days": -1}, "invalid"),
    ):
        answer = send(client, path, data, **fields)
        assert (answer.status_code, answer.json()["code"]) == (400, code), (path, code)


def test_labels_that_do_not_exist_cannot_be_undone(client: APIClient) -> None:
    gone = client.post("/api/v1/labels/00000000-0000-0000-0000-000000000000/undo")
    assert gone.status_code == 404
