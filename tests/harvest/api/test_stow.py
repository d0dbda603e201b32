"""STOW-RS into a cohort: independent senders, the answers that PS3.18 wants, and nothing half kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from dicomweb_client import DICOMwebClient
from rest_framework.test import APIClient

from harvest.domain import Role, TokenScope
from harvest.models import Cohort, ImportJob, Study
from harvest.services import inbox
from harvest.services.cohorts import create_cohort
from harvest.services.people import create_login
from harvest.services.tokens import create_token
from tests.harvest.conftest import PASSWORD
from tests.harvest.network_studies import assert_same, of_folder, write_ct
from tests.harvest.test_deidentification import found, whole_database
from tests.orthanc import needs_orthanc, orthanc
from tests.real_data import unpacked

pytestmark = pytest.mark.usefixtures("state")
TYPE = 'multipart/related; type="application/dicom"; boundary=xyz'


def body(*contents: bytes) -> bytes:
    head = b"--xyz\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + content + b"\r\n" for content in contents) + b"--xyz--\r\n"


@pytest.fixture
def post(client_of: Callable[[Role | None], APIClient], cohort: Cohort) -> Callable[..., Any]:
    manager = client_of(Role.DATA_MANAGER)

    def send(raw: bytes, content_type: str = TYPE) -> Any:
        url = f"/dicom-web/{cohort.pk}/studies"
        return manager.generic(
            "POST", url, raw, content_type=content_type, HTTP_ACCEPT="application/dicom+json"
        )

    return send


def kept() -> int:
    """Objects in the inbox; nothing else may be left of a request."""
    assert list(inbox.staging().iterdir()) == []
    return len(list(inbox.inbox().glob("*/*/*/*.dcm")))


def test_stored_objects_are_referenced(post: Callable[..., Any], tmp_path: Path) -> None:
    files = write_ct(tmp_path)[:3]
    answer = post(body(*(f.read_bytes() for f in files)))
    assert (answer.status_code, answer["content-type"]) == (200, "application/dicom+json")
    stored = answer.json()["00081199"]["Value"]
    assert [s["00081155"]["Value"] for s in stored] == [[pydicom.dcmread(f).SOPInstanceUID] for f in files]
    assert "00081198" not in answer.json()
    assert kept() == 3


def test_what_is_no_dicom_fails_alone(post: Callable[..., Any], tmp_path: Path) -> None:
    file = write_ct(tmp_path)[0]
    answer = post(body(b"no dicom", file.read_bytes()))
    assert answer.status_code == 202
    assert len(answer.json()["00081199"]["Value"]) == 1
    assert answer.json()["00081198"]["Value"] == [{"00081197": {"vr": "US", "Value": [0xC000]}}]
    assert kept() == 1


def test_where_nothing_can_be_stored_the_answer_is_a_conflict(post: Callable[..., Any]) -> None:
    assert post(body(b"no dicom")).status_code == 409
    assert kept() == 0


@pytest.mark.parametrize("lost", [5, 200, 12_000])
def test_a_body_that_is_cut_off_leaves_nothing(post: Callable[..., Any], tmp_path: Path, lost: int) -> None:
    whole = body(*(f.read_bytes() for f in write_ct(tmp_path)[:2]))
    answer = post(whole[:-lost])
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_multipart")
    assert kept() == 0


@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", 'multipart/related; type="application/dicom"', 415),
        (b"", TYPE, 400),
        (b"--xyz--\r\n", TYPE, 400),
    ],
)
def test_other_bodies_are_refused_by_name(
    post: Callable[..., Any], raw: bytes, content_type: str, status: int
) -> None:
    answer = post(raw, content_type)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message", "details"}
    assert kept() == 0


def test_a_full_disk_keeps_nothing(post: Callable[..., Any], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("harvest.store.RESERVE_BYTES", 1 << 62)
    assert post(body(write_ct(tmp_path)[0].read_bytes())).status_code == 507
    assert kept() == 0


@pytest.mark.real_data
def test_every_odd_file_is_stored_or_refused_and_breaks_nothing(post: Callable[..., Any]) -> None:
    files = [p for p in (unpacked() / "dicom_oddities").rglob("*") if p.is_file()]
    answer = post(body(*(f.read_bytes() for f in files)))
    assert answer.status_code == 202
    counts = {tag: len(answer.json()[tag]["Value"]) for tag in ("00081199", "00081198")}
    assert sum(counts.values()) == len(files)
    # Papers, a DICOMDIR, and what says neither class nor study.
    assert counts["00081198"] < len(files) / 3
    assert 0 < kept() <= counts["00081199"]


@needs_orthanc
@pytest.mark.django_db(transaction=True)
def test_orthanc_and_another_client_send_and_the_study_is_imported(
    live_server: Any, tmp_path: Path, settings: Any, monkeypatch: Any, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.INBOX_QUIET_SECONDS = 0
    cohort = create_cohort(name="liver")
    user = create_login(username="pacs", password=PASSWORD, role=Role.DATA_MANAGER)
    url = f"{live_server.url}/dicom-web/{cohort.pk}"
    login = {"Authorization": f"Token {create_token(user=user, name='pacs', scope=TokenScope.WRITE).secret}"}
    files = {study: write_ct(tmp_path / str(study), study=study, seed=10 * study) for study in (1, 2)}
    (tmp_path / "pacs").mkdir()
    # Django's test server reads no chunked bodies; the real one does (tests/e2e/test_network.py).
    harvest = {"Url": url, "HttpHeaders": login, "ChunkedTransfers": False}
    web = {"Enable": True, "Root": "/dicom-web/", "Servers": {"harvest": harvest}, "StowMaxInstances": 7}
    with orthanc(tmp_path / "pacs", DicomWeb=web) as pacs:
        pacs.put(files[1])
        pacs.rest(
            "POST",
            "/dicom-web/servers/harvest/stow",
            json={"Resources": pacs.studies(), "Synchronous": True},
        )
    client = DICOMwebClient(url, headers=login)
    answer = client.store_instances([pydicom.dcmread(f) for f in files[2]])
    assert len(answer.ReferencedSOPSequence) == len(files[2])
    assert kept() == 48

    from harvest.tasks import harvesting

    monkeypatch.setattr("harvest.queue.send", lambda name, ids, queue: getattr(harvesting, name)(*ids))
    inbox.import_quiet_studies()
    job = ImportJob.objects.get()
    assert (job.owner, job.source) == (user, "stow")
    assert [item.outcome for item in job.items.all()] == ["taken", "taken"]
    assert found(whole_database()) == []
    ours = "".join(
        r.getMessage() for r in caplog.records if r.name.startswith(("harvest", "django", "detector"))
    )
    assert found(ours) == []
    subject = Study.objects.get(cohort=cohort, ordinal=1)
    others = {s.source_sha256: s for s in Study.objects.filter(cohort=cohort)}
    one = of_folder(tmp_path / "1")
    assert_same(others[one.source_sha256], one)
    assert subject.subject.studies.count() == 2
