from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from uuid import UUID

import pytest

from harvest import queue, store
from harvest.domain import JobState, Role, Verdict
from harvest.models import ReleaseExport
from harvest.services import exports
from harvest.services.exports import make_export
from tests.harvest.curated import TUMOUR, finish, judge, make_round, make_study, mark_lesion, propose
from tests.harvest.states import put

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client_of):
    return client_of(Role.DATA_MANAGER)


def freeze(manager, cohort) -> dict:
    answer = manager.post(f"/api/v1/cohorts/{cohort.pk}/releases", {"note": "for the paper"})
    assert answer.status_code == 201
    return answer.json()


def test_freeze_list_and_compare(manager, cohort):
    mark_lesion(make_study(cohort))
    first = freeze(manager, cohort)
    mark_lesion(make_study(cohort))
    second = freeze(manager, cohort)
    assert (second["number"], second["counts"]["lesions"], second["owner"]) == (2, 2, "the-data_manager")
    listed = manager.get(f"/api/v1/cohorts/{cohort.pk}/releases").json()["results"]
    assert [r["number"] for r in listed] == [2, 1]
    assert manager.get(f"/api/v1/releases/{first['id']}").json() == first
    changed = manager.get(f"/api/v1/releases/{first['id']}/diff?to={second['id']}").json()
    assert [len(changed[k]) for k in ("added", "removed", "moved", "relabelled")] == [1, 0, 0, 0]


def test_nothing_curated_is_a_conflict(manager, cohort):
    answer = manager.post(f"/api/v1/cohorts/{cohort.pk}/releases")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_curated")


@pytest.fixture
def worker(monkeypatch):
    """What was sent to the workers, done at once when asked."""
    sent: list[str] = []
    monkeypatch.setattr(queue, "enqueue", lambda name, id, queue: sent.append(str(id)))

    def work() -> None:
        while sent:
            make_export(export_id=UUID(sent.pop(0)))

    return work


def export(manager, release: str, **asked):
    answer = manager.post(f"/api/v1/releases/{release}/exports", asked, format="json")
    assert answer.status_code == 202, answer.json()
    return answer.json()


def content(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_release_is_downloaded_in_the_formats_of_the_field(manager, cohort, worker):
    mark_lesion(make_study(cohort, lesion_class="hcc"))
    id = freeze(manager, cohort)["id"]
    asked = export(manager, id, format="coco")
    path = f"/api/v1/exports/{asked['id']}"
    assert (asked["state"], manager.get(f"{path}/file").status_code) == ("queued", 409)
    worker()
    done = manager.get(path).json()
    assert (done["state"], done["file_name"]) == ("succeeded", "liver-release-1-dataset.json")
    coco = manager.get(f"{path}/file")
    assert coco["Content-Disposition"] == 'attachment; filename="liver-release-1-dataset.json"'
    assert json.loads(content(coco))["annotations"][0]["corners_mm"]["lo"] == list(TUMOUR.lo)
    table = export(manager, id, format="csv")
    worker()
    text = content(manager.get(f"/api/v1/exports/{table['id']}/file")).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["category"], float(row["hi_z_mm"])) == ("hcc", TUMOUR.hi[2])
    assert export(manager, id, format="csv")["state"] == "succeeded"
    listed = manager.get(f"/api/v1/releases/{id}/exports").json()
    assert [one["format"] for one in listed] == ["coco", "csv"]
    refused = manager.post(f"/api/v1/releases/{id}/exports", {"format": "xml"}, format="json")
    assert refused.status_code == 400


def test_a_download_that_broke_off_goes_on_where_it_was(manager, cohort, worker):
    mark_lesion(make_study(cohort))
    made = export(manager, freeze(manager, cohort)["id"], format="coco")
    worker()
    path = f"/api/v1/exports/{made['id']}/file"
    whole = manager.get(path)
    data, tag = content(whole), whole["ETag"]
    assert (whole["Accept-Ranges"], int(whole["Content-Length"])) == ("bytes", len(data))
    rest = manager.get(path, HTTP_RANGE="bytes=100-", HTTP_IF_RANGE=tag)
    assert (rest.status_code, rest["Content-Range"]) == (206, f"bytes 100-{len(data) - 1}/{len(data)}")
    assert data[:100] + content(rest) == data
    assert manager.get(path, HTTP_RANGE="bytes=100-", HTTP_IF_RANGE='"another"').status_code == 200
    assert manager.get(path, HTTP_RANGE=f"bytes={len(data) + 5}-").status_code == 416
    assert manager.get(path, HTTP_IF_NONE_MATCH=tag).status_code == 304


def test_a_format_of_voxels_goes_with_images_as_one_archive(manager, cohort, worker):
    mark_lesion(make_study(cohort, volumes=True))
    id = freeze(manager, cohort)["id"]
    refused = manager.post(f"/api/v1/releases/{id}/exports", {"format": "nnunet"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "needs_images")
    made = export(manager, id, format="nnunet", images=True)
    worker()
    done = manager.get(f"/api/v1/exports/{made['id']}").json()
    assert done["state"] == "succeeded", done["error"]
    data = content(manager.get(f"/api/v1/exports/{made['id']}/file"))
    assert hashlib.sha256(data).hexdigest() == done["sha256"]
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert any(name.endswith("dataset.json") for name in names)


def test_an_export_that_lost_its_worker_or_its_file_is_made_again(manager, cohort, worker, monkeypatch):
    mark_lesion(make_study(cohort))
    id = freeze(manager, cohort)["id"]
    made = export(manager, id, format="csv")
    row = ReleaseExport.objects.get(pk=made["id"])
    put(row, state=JobState.RUNNING)
    exports.resend_lost_exports()
    worker()
    row.refresh_from_db()
    assert row.state == JobState.SUCCEEDED
    before = row.sha256
    store.path(row.store_key).unlink()
    assert export(manager, id, format="csv")["state"] == "queued"
    worker()
    row.refresh_from_db()
    assert row.sha256 == before

    def broken(*arguments, **more):
        raise ValueError("/a/path/that/nobody/should/see")

    monkeypatch.setattr(exports, "export_release", broken)
    failed = export(manager, id, format="coco")
    worker()
    told = manager.get(f"/api/v1/exports/{failed['id']}").json()
    assert (told["state"], told["error"]["message"]) == (
        "failed",
        "The export could not be written (ValueError).",
    )


def test_its_card_says_what_is_in_it_who_read_and_what_lacks(manager, cohort, user_of, worker):
    reader = user_of(Role.CLINICIAN)
    row = propose(make_round(cohort), make_study(cohort, lesion_class="hcc", volumes=True), TUMOUR)
    judge(row, reader, Verdict.PRIMARY_LESION, row.candidates.get())
    mark_lesion(row.study, round_study=row)
    finish(row, reader, seconds=90)
    id = freeze(manager, cohort)["id"]
    answer = manager.get(f"/api/v1/releases/{id}/card")
    card = answer.content.decode()
    assert "liver-release-1-DATACARD.md" in answer["Content-Disposition"]
    for said in ("hcc", "| readers | 1 |", "active minutes of reading | 1.5", "There is no gold study"):
        assert said in card
    assert reader.get_username() not in card
    made = export(manager, id, format="nnunet", images=True)
    worker()
    archive = io.BytesIO(content(manager.get(f"/api/v1/exports/{made['id']}/file")))
    assert zipfile.ZipFile(archive).read("DATACARD.md").decode() == card


def test_what_goes_in_is_chosen_by_a_policy_and_a_release_is_verified(manager, cohort):
    mark_lesion(make_study(cohort, complete=True))
    make_study(cohort, complete=True)
    path = f"/api/v1/cohorts/{cohort.pk}/releases"
    made = manager.post(path, {"policy": {"negatives": False}}, format="json").json()
    assert (made["counts"]["studies"], made["counts"]["excluded"]) == (1, {"negative": 1})
    assert made["policy"]["negatives"] is False
    assert manager.post(path, {"policy": {"least_readers": 7}}, format="json").status_code == 400
    verified = manager.get(f"/api/v1/releases/{made['id']}/verify").json()
    assert verified == {"holds": True, "findings": []}
    file = store.path(f"releases/{made['manifest_sha256']}.jsonl")
    file.write_bytes(file.read_bytes().replace(b"liver", b"lever"))
    (finding,) = manager.get(f"/api/v1/releases/{made['id']}/verify").json()["findings"]
    assert (finding["study"], "was changed" in finding["text"]) == (0, True)
