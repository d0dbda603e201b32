"""Bad input, one row each: named in the command and over the API; database and store stay as they were."""

from __future__ import annotations

import errno
import io
import json
import logging
import tempfile
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from detector.ingest import archive
from harvest import store
from harvest.domain import ModelKind, Role, Split
from harvest.models import Cohort, HarvestRound
from harvest.tasks import harvesting
from tests.detector.ingest.builders import voxels, write_volume_file
from tests.harvest.archive import write_study
from tests.harvest.bad_scans import NAME, ROWS, Row, encrypted, zipped
from tests.harvest.fixtures import BOXES, Work, make_study, make_version

pytestmark = pytest.mark.usefixtures("state", "db")
# The import's own account of itself, which a refused import leaves behind.
RECORDS = {"AuditEvent", "ImportJob", "ImportItem"}


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Row:
    if request.param == "bombing archive":
        small = archive.Limits(total_bytes=30_000)
        monkeypatch.setattr(archive, "Limits", lambda: small)
    return ROWS[request.param]


@pytest.fixture
def bad(row: Row, tmp_path: Path) -> Path:
    """The archive, below a folder with a person's name."""
    folder = tmp_path / f"{NAME}, Jane" / "in"
    folder.mkdir(parents=True)
    row.write(folder)
    return folder


@pytest.fixture
def manager(client_of: Callable[[Role | None], APIClient]) -> APIClient:
    return client_of(Role.DATA_MANAGER)


@pytest.fixture(autouse=True)
def kept(
    tmp_path: Path,
    cohort: Cohort,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: Any,
) -> Any:
    """Around every test: nothing is left in the temporary folder, and no log or stream names anybody."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    with caplog.at_level(logging.DEBUG):
        yield
    assert list((tmp_path / "tmp").iterdir()) == []
    out, err = capfd.readouterr()
    says_nothing_private(
        "".join(f"{r.getMessage()}{r.exc_text or ''}" for r in caplog.records) + out + err, tmp_path
    )


def says_nothing_private(text: str, tmp_path: Path) -> None:
    assert NAME not in text
    assert str(tmp_path) not in text


def everything() -> tuple[dict[str, int], list[tuple[str, int]]]:
    """Rows by model and files of the store with their sizes, but for the import's own record: its rows, and
    the pictures of a question that waits."""
    models = [m for m in apps.get_app_config("harvest").get_models() if m.__name__ not in RECORDS]
    files = [p for p in store.root().rglob("*") if p.is_file()] if store.root().exists() else []
    files = [p for p in files if p.relative_to(store.root()).parts[0] != "questions"]
    return {m.__name__: m.objects.count() for m in models}, sorted(
        (str(p.relative_to(store.root())), p.stat().st_size) for p in files
    )


def called(tmp_path: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit status and report of a command under --json, and what it prints to people; neither too much."""
    told = []
    for options in (["--json"], []):
        out, status = io.StringIO(), 0
        try:
            call_command(*arguments, *options, stdout=out, stderr=io.StringIO())
        except SystemExit as end:
            status = int(str(end.code))
        except CommandError as error:
            status = error.returncode
            out.write("" if options else str(error))
        says_nothing_private(out.getvalue(), tmp_path)
        told.append((status, out.getvalue()))
    assert told[0][0] == told[1][0]
    return told[0][0], json.loads(told[0][1]), told[1][1]


def upload(client: APIClient, cohort: Cohort, folder: Path) -> Any:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    body = {
        "file": [SimpleUploadedFile(p.name, p.read_bytes()) for p in files],
        "relative_path": [str(p.relative_to(folder)) for p in files],
    }
    return client.post(f"/api/v1/cohorts/{cohort.pk}/uploads", body, format="multipart")


def imported(
    client: APIClient, cohort: Cohort, folder: Path, work: Work, **said: Any
) -> tuple[dict[str, Any], list[Any]]:
    """The import job after its run, and its items, as the API shows them."""
    body = {"upload_id": upload(client, cohort, folder).json()["upload_id"], **said}
    with work():
        asked = client.post(f"/api/v1/cohorts/{cohort.pk}/imports", body, format="json")
    url = f"/api/v1/imports/{asked.json()['id']}"
    return client.get(url).json(), client.get(f"{url}/items").json()["results"]


def source_of(bad: Path) -> Path:
    """What a person names: the archive where there is one, else the folder."""
    return next(bad.glob("*.zip"), bad)


def test_the_command_names_it_and_changes_nothing(
    row: Row, bad: Path, cohort: Cohort, tmp_path: Path
) -> None:
    before = everything()
    status, said, printed = called(tmp_path, "import_studies", str(source_of(bad)), "--cohort", cohort.name)
    assert status == 1
    assert [
        (i["code"], i["outcome"], i["relative_path"])
        for i in said["items"]
        if not i["details"].get("routine")
    ] == [(row.code, row.outcome, row.thing)]
    item = next(i for i in said["items"] if i["code"] == row.code)
    assert row.named in item["message"]
    assert item["remedy"]
    assert f"{row.thing}: {row.outcome}: {item['message']} {item['remedy']}" in printed
    assert [e["code"] for e in said["errors"]] == ([row.code] if row.failed else [])
    assert everything() == before


def test_the_api_names_it_to_who_imports_and_changes_nothing(
    row: Row,
    bad: Path,
    cohort: Cohort,
    manager: APIClient,
    client_of: Any,
    work: Work,
    tmp_path: Path,
    settings: Any,
) -> None:
    before = everything()
    job, items = imported(manager, cohort, bad, work)
    assert (job["state"], job["counts"]["taken"]) == ("failed" if row.failed else "succeeded", 0)
    (item,) = [i for i in items if not i["details"].get("routine")]
    assert (item["code"], item["outcome"], item["relative_path"]) == (row.code, row.outcome, row.thing)
    assert row.named in item["message"]
    assert item["remedy"]
    if row.failed:
        assert (job["error"]["code"], bool(job["error"]["message"])) == (row.code, True)
    others = client_of(Role.ML_ENGINEER).get(f"/api/v1/imports/{job['id']}/items").json()["results"]
    assert [i["code"] for i in others] == [i["code"] for i in items]
    says_nothing_private(json.dumps([job, items, others]), tmp_path)
    assert not any(row.thing in json.dumps(i) for i in others)
    waits = row.outcome == "phases_needed"
    assert any(p.is_file() for p in Path(settings.UPLOAD_DIR).rglob("*")) == waits
    assert everything() == before


def test_one_bad_archive_of_several_is_named_and_the_others_are_taken(
    cohort: Cohort, manager: APIClient, work: Work, tmp_path: Path
) -> None:
    write_study(tmp_path / "one", seed=1)
    folder = tmp_path / "in"
    folder.mkdir()
    encrypted(folder)
    with zipfile.ZipFile(folder / "whole.zip", "w") as packed:
        for path in (tmp_path / "one").iterdir():
            packed.write(path, path.name)
    job, items = imported(manager, cohort, folder, work)
    assert (job["state"], job["done"], job["total"]) == ("succeeded", 2, 2)
    assert sorted((i["relative_path"], i["outcome"], i["code"]) for i in items) == [
        ("scan.zip", "refused", "encrypted"),
        ("whole.zip", "taken", ""),
    ]


def test_names_in_file_names_are_shown_to_who_imports_alone(
    cohort: Cohort, manager: APIClient, client_of: Any, work: Work, tmp_path: Path
) -> None:
    hu = voxels().astype(np.float32)
    folder = tmp_path / "in"
    write_volume_file(folder / "asked" / f"{NAME}_1.nii.gz", hu)
    write_volume_file(folder / "spacing" / f"{NAME}_2.nii.gz", hu, spacing=(0.7, 0.8, 300.0))
    hu[3, 3, 3] = np.nan
    write_volume_file(folder / "nan" / f"{NAME}_arterial.nii.gz", hu)
    job, items = imported(manager, cohort, folder, work)
    assert {i["code"] for i in items} == {"phases", "spacing", "not_finite"}
    assert all(NAME in i["message"] for i in items)
    others = client_of(Role.CLINICIAN).get(f"/api/v1/imports/{job['id']}/items").json()["results"]
    assert {i["code"] for i in others} == {"phases", "spacing", "not_finite"}
    assert all(i["message"] for i in others)
    says_nothing_private(json.dumps([job, others]), tmp_path)


# --- A full disk ---


def no_space(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device", f"/archive/{NAME}")


def nothing_free(_: Any) -> SimpleNamespace:
    return SimpleNamespace(free=0)


FULL = {
    "before the first study": ("harvest.store.psutil.disk_usage", nothing_free, "storage_full", False),
    "while a study is written": ("harvest.services.taking.write_volume", no_space, "storage_full", False),
    "while an archive is unpacked": (
        "detector.ingest.archive.shutil.disk_usage",
        nothing_free,
        "disk_full",
        True,
    ),
}


@pytest.mark.parametrize("where", FULL)
def test_a_full_disk_ends_an_import_and_leaves_nothing(
    where: str, cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, broken, code, packed = FULL[where]
    folder = tmp_path / f"{NAME}, Jane"
    folder.mkdir()
    source = zipped(folder) if packed else write_study(folder / "one", seed=1).parent
    before = everything()
    monkeypatch.setattr(name, broken)
    status, said, printed = called(tmp_path, "import_studies", str(source), "--cohort", cohort.name)
    assert (status, [e["code"] for e in said["errors"]], said["counts"]["taken"]) == (1, [code], 0)
    assert "disk" in printed
    assert "Free" in printed
    assert everything() == before


def test_a_full_disk_refuses_an_upload(
    cohort: Cohort, manager: APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    zipped(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "scan.zip").rename(tmp_path / "in" / "scan.zip")
    monkeypatch.setattr("harvest.store.psutil.disk_usage", nothing_free)
    answer = upload(manager, cohort, tmp_path / "in")
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert "Free some space" in answer.json()["message"]
    assert not any(p.is_file() for p in Path(settings.UPLOAD_DIR).rglob("*"))


def test_a_full_disk_fails_a_round_by_study_and_leaves_no_tile(
    cohort: Cohort, manager: APIClient, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version(ModelKind.DETECTOR, BOXES)
    make_study(cohort)
    _, files = everything()
    monkeypatch.setattr("harvest.services.tiles.render", no_space)

    def working(seconds: float) -> None:
        for waiting in HarvestRound.objects.latest("number").studies.filter(state="queued"):
            harvesting.run_round_study(str(waiting.pk))

    monkeypatch.setattr("harvest.management.commands.run_round.time.sleep", working)
    status, said, printed = called(tmp_path, "run_round", "--cohort", cohort.name, "--wait")
    assert (status, said["state"], said["candidates"]) == (1, "failed", 0)
    assert [(f["ordinal"], f["code"]) for f in said["failures"]] == [(1, "storage_full")]
    assert "Study 1 failed: The disk is full. Free some space" in printed
    shown = manager.get(f"/api/v1/rounds/{said['id']}").json()
    assert (shown["state"], shown["error"]["code"]) == ("failed", "storage_full")
    assert everything()[1] == files


# --- An empty cohort, an unknown model ---


def test_a_round_without_studies_names_the_cohort(
    cohort: Cohort, manager: APIClient, work: Work, tmp_path: Path
) -> None:
    make_version(ModelKind.DETECTOR, BOXES)
    make_study(cohort, split=Split.GOLD)
    before = everything()
    status, said, printed = called(tmp_path, "run_round", "--cohort", cohort.name)
    assert (status, said["code"]) == (1, "empty_cohort")
    assert "Cohort liver has no study" in printed
    assert "Import some" in printed
    answer = manager.post(f"/api/v1/cohorts/{cohort.pk}/rounds", {}, format="json")
    assert answer.status_code == 400
    assert answer.json() == {"code": "empty_cohort", "message": said["message"], "details": {}}
    assert everything() == before


def test_an_unknown_model_is_named_with_those_there_are(
    cohort: Cohort, manager: APIClient, tmp_path: Path
) -> None:
    make_version(ModelKind.DETECTOR, BOXES)
    make_study(cohort)
    before = everything()
    status, said, printed = called(tmp_path, "run_round", "--cohort", cohort.name, "--model", "detector-v9")
    assert (status, said["code"]) == (1, "unknown_model")
    assert "no detector version detector-v9. Choose one of: detector-v1" in printed
    id = str(uuid.uuid4())
    answer = manager.post(f"/api/v1/cohorts/{cohort.pk}/rounds", {"model_version": id}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_model")
    assert id in answer.json()["message"]
    assert everything() == before


@pytest.mark.parametrize("kind", ["detector", "all"])
def test_a_training_on_an_empty_cohort_names_it(kind: str, cohort: Cohort, tmp_path: Path) -> None:
    before = everything()
    status, said, _ = called(tmp_path, "train", kind, "--cohort", cohort.name)
    assert (status, bool(said["code"])) == (1, True)
    assert cohort.name in said["message"]
    assert everything() == before
