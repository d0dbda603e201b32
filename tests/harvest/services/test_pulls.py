"""Pulls from a real Orthanc: what comes out is what a folder import makes of the same files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from harvest.domain import ImportOutcome, JobState, Role
from harvest.models import Cohort, ImageArchive, ImportJob, Study
from harvest.network.dicomweb import DicomWeb
from harvest.services import pulls
from harvest.services.archives import create_archive
from harvest.services.import_runs import run_import
from harvest.services.imports import cancel_import
from tests.harvest.fixtures import Work
from tests.harvest.network_studies import assert_same, of_folder, uid_of, write_ct
from tests.harvest.test_deidentification import found, whole_database
from tests.orthanc import PASSWORD, USERNAME, Orthanc, needs_orthanc, orthanc

pytestmark = [needs_orthanc, pytest.mark.usefixtures("state", "db")]


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An archive with three studies of a patient's, each other than the others."""
    with orthanc(tmp_path_factory.mktemp("pacs")) as started:
        for study in (1, 2, 3):
            started.put(write_ct(tmp_path_factory.mktemp("in"), study=study, seed=10 * study))
        yield started


@pytest.fixture
def alive(pacs: Orthanc) -> Iterator[Orthanc]:
    """The archive for a test that kills it: it runs again afterwards."""
    yield pacs
    if pacs.process is None:
        pacs.start()


@pytest.fixture
def archive(pacs: Orthanc) -> ImageArchive:
    return create_archive(name="pacs", url=pacs.dicomweb, username=USERNAME, password=PASSWORD)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulls, "WAITS", (0.01,))


@pytest.fixture
def manager(client_of: Callable[[Role | None], APIClient]) -> APIClient:
    return client_of(Role.DATA_MANAGER)


def pull(cohort: Cohort, archive: ImageArchive, *studies: int) -> ImportJob:
    return pulls.create_pull(cohort=cohort, archive=archive, study_uids=[uid_of(n) for n in studies])


def outcomes(job: ImportJob) -> list[tuple[str, str]]:
    return [(item.outcome, item.code) for item in job.items.all()]


def fetched(state: Path) -> int:
    return len(list((state / "uploads" / "pulled").rglob("*.dcm")))


def test_a_pulled_study_is_the_same_as_from_a_folder_and_names_nobody(
    manager: APIClient,
    cohort: Cohort,
    archive: ImageArchive,
    work: Work,
    state: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    write_ct(tmp_path / "in", study=1, seed=10)
    wanted = {
        "patient_id": "P-558213",
        "date_from": "2019-03-14",
        "date_to": "2019-03-15",
        "description": "MAYOR",
    }
    listed = manager.post(f"/api/v1/archives/{archive.pk}/search", wanted, format="json").json()
    assert [s["study_uid"] for s in listed["studies"]] == [uid_of(1), uid_of(2), uid_of(3)]
    assert listed["studies"][0] | {"study_uid": ""} == {
        "study_uid": "",
        "date": "20190314",
        "description": "Liver of the mayor",
        "patient_id": "P-558213",
        "accession": "ACC-90210",
        "modalities": ["CT"],
        "series": 2,
        "instances": 24,
    }
    body = {"archive": str(archive.pk), "studies": [listed["studies"][0]["study_uid"]]}
    with work():
        asked = manager.post(f"/api/v1/cohorts/{cohort.pk}/pulls", body, format="json").json()
    assert asked["state"] == "queued"
    job = manager.get(f"/api/v1/imports/{asked['id']}").json()
    assert (job["state"], job["counts"]["taken"]) == ("succeeded", 1)
    assert (job["source"], job["source_name"], job["owner"]) == ("archive", "pacs", "the-data_manager")
    assert (job["pull"]["studies_done"], job["pull"]["objects_done"]) == (1, 24)
    assert fetched(state) == 0
    assert found(whole_database()) == []
    assert found(caplog.text) == []
    assert_same(Study.objects.get(cohort=cohort), of_folder(tmp_path / "in"))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"accession": "ACC-90210"}, 3),
        ({"date_from": "2019-03-15"}, 0),
        ({"date_to": "2019-03-14"}, 3),
        ({"patient_id": "P-558213", "description": "thorax"}, 0),
        ({"patient_id": "P-558213", "modality": "MR"}, 0),
    ],
)
def test_a_search_finds_what_was_asked_for(
    manager: APIClient, archive: ImageArchive, filters: dict[str, str], expected: int
) -> None:
    listed = manager.post(f"/api/v1/archives/{archive.pk}/search", filters, format="json").json()
    assert (len(listed["studies"]), listed["more"]) == (expected, False)


def test_a_search_that_nothing_narrows_is_refused(manager: APIClient, archive: ImageArchive) -> None:
    said = manager.post(f"/api/v1/archives/{archive.pk}/search", {"description": "liver"}, format="json")
    assert (said.status_code, said.json()["code"]) == (400, "too_wide")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"password": "wrong"}, 502, "archive_login"),
        ({"url": "http://127.0.0.1:1/dicom-web"}, 503, "archive_unreachable"),
        ({"url": "{root}/app/explorer.html"}, 502, "archive_missing"),
        ({"url": "{root}/dicom-web?a=1"}, 400, "bad_url"),
        ({"url": "file:///etc/passwd"}, 400, "bad_url"),
        ({"url": "http://me:secret@127.0.0.1/"}, 400, "bad_url"),
    ],
)
def test_what_is_wrong_with_an_archive_is_said_by_name(
    pacs: Orthanc,
    archive: ImageArchive,
    client_of: Callable[[Role | None], APIClient],
    change: dict[str, str],
    status: int,
    code: str,
) -> None:
    admin = client_of(Role.ADMIN)
    change = {key: value.format(root=f"http://127.0.0.1:{pacs.http_port}") for key, value in change.items()}
    said = admin.patch(f"/api/v1/archives/{archive.pk}", change, format="json")
    if said.status_code == 200:
        login = {"password": PASSWORD} | change  # an archive that moves is logged in to anew
        admin.patch(f"/api/v1/archives/{archive.pk}", login, format="json")
        said = admin.post(f"/api/v1/archives/{archive.pk}/test")
    assert (said.status_code, said.json()["code"]) == (status, code)


def test_a_redirect_is_not_followed(archive: ImageArchive, pacs: Orthanc) -> None:
    # Orthanc's root sends a browser to its explorer.
    with pytest.raises(Exception, match="sends the request elsewhere"):
        DicomWeb(f"http://127.0.0.1:{pacs.http_port}", username=USERNAME, password=PASSWORD)._json("/", {})


def test_a_password_stays_with_the_address_it_was_entered_for(
    client_of: Callable[[Role | None], APIClient], archive: ImageArchive
) -> None:
    admin = client_of(Role.ADMIN)
    url = f"/api/v1/archives/{archive.pk}"
    shown = admin.patch(url, {"url": archive.url + "/"}, format="json").json()
    assert shown["has_password"] is True
    shown = admin.patch(url, {"url": "http://elsewhere.example/dicom-web"}, format="json").json()
    assert shown["has_password"] is False
    assert PASSWORD not in whole_database()


def test_an_archive_that_dies_in_the_middle_refuses_by_name_and_keeps_what_was_whole(
    cohort: Cohort, archive: ImageArchive, alive: Orthanc, state: Path
) -> None:
    job = pull(cohort, archive, 1, 2, 3)
    assert pulls.run_pull(job_id=job.pk, on_study=lambda _: alive.kill())
    assert outcomes(job) == [("refused", "archive_unreachable")] * 2
    run_import(job_id=job.pk)
    job.refresh_from_db()
    assert sorted(outcomes(job)) == [("refused", "archive_unreachable")] * 2 + [("taken", "")]
    assert job.state == JobState.SUCCEEDED
    assert job.items.filter(outcome=ImportOutcome.REFUSED)[0].remedy == "Pull the study again."


def test_an_archive_that_never_answers_fails_the_import_with_the_reason(
    cohort: Cohort,
    archive: ImageArchive,
    alive: Orthanc,
    state: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    job = pull(cohort, archive, 1)
    alive.kill()
    with django_capture_on_commit_callbacks(execute=True):
        assert not pulls.run_pull(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error["code"]) == (JobState.FAILED, "archive_unreachable")
    assert not list((state / "uploads" / "pulled").glob("*"))


def test_a_pull_goes_on_where_a_lost_worker_stopped(
    cohort: Cohort, archive: ImageArchive, pacs: Orthanc, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = pull(cohort, archive, 1, 2)
    kept: list[str] = []
    keep = pulls._Fetch._keep

    def stop_at(number: int) -> Callable[..., None]:
        def counted(self: Any, part: Any, study: str, folder: Path) -> None:
            if len(kept) == number:
                raise SystemExit  # as Celery stops a worker
            kept.append(study)
            keep(self, part, study, folder)

        return counted

    monkeypatch.setattr(pulls._Fetch, "_keep", stop_at(30))
    with pytest.raises(SystemExit):
        pulls.run_pull(job_id=job.pk)
    assert fetched(state) == 30
    monkeypatch.setattr(pulls._Fetch, "_keep", stop_at(-1))
    assert pulls.run_pull(job_id=job.pk)
    assert [kept.count(uid_of(n)) for n in (1, 2)] == [24, 24]
    run_import(job_id=job.pk)
    assert outcomes(job) == [("taken", "")] * 2


def test_a_lost_pull_is_sent_again(cohort: Cohort, archive: ImageArchive, work: Work) -> None:
    job = pull(cohort, archive, 1)
    ImportJob.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
    with work():
        pulls.resume_lost_pulls()
    assert outcomes(job) == [("taken", "")]


def test_a_cancelled_pull_stops_and_leaves_no_file(
    cohort: Cohort, archive: ImageArchive, state: Path, django_capture_on_commit_callbacks: Any
) -> None:
    job = pull(cohort, archive, 1, 2)
    with django_capture_on_commit_callbacks(execute=True):
        went_on = pulls.run_pull(job_id=job.pk, on_study=lambda _: cancel_import(job_id=job.pk) and None)
    job.refresh_from_db()
    assert (went_on, job.state) == (False, JobState.CANCELLED)
    assert not list((state / "uploads" / "pulled").glob("*"))


def test_a_study_that_is_not_there_is_refused_and_stops_no_other(
    cohort: Cohort, archive: ImageArchive
) -> None:
    job = pull(cohort, archive, 99, 1)
    assert pulls.run_pull(job_id=job.pk)
    run_import(job_id=job.pk)
    assert sorted(outcomes(job)) == [("refused", "pull_empty"), ("taken", "")]


def test_a_disk_without_space_stops_the_pull_by_name(
    cohort: Cohort, archive: ImageArchive, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harvest.store.RESERVE_BYTES", 1 << 62)
    job = pull(cohort, archive, 1)
    assert not pulls.run_pull(job_id=job.pk)
    job.refresh_from_db()
    assert job.error["code"] == "storage_full"


def test_what_is_no_uid_is_never_put_into_an_address(
    manager: APIClient, cohort: Cohort, archive: ImageArchive
) -> None:
    body = {"archive": str(archive.pk), "studies": ["1.2/../../system"]}
    said = manager.post(f"/api/v1/cohorts/{cohort.pk}/pulls", body, format="json")
    assert (said.status_code, said.json()["code"]) == (400, "bad_studies")
    assert not ImportJob.objects.exists()
