"""The C-STORE listener: who may send, what each answer means, and that what was acknowledged is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import JPEG2000Lossless, RLELossless
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage, Verification  # type: ignore[attr-defined]

from harvest.domain import Role
from harvest.models import Cohort, DicomSender
from harvest.network.listener import Address
from harvest.services import inbox
from harvest.services.cohorts import create_cohort
from harvest.services.receiving import listen_at
from harvest.services.senders import check_sender, create_sender
from tests.e2e.running import free_port
from tests.harvest.network_studies import write_ct
from tests.harvest.test_deidentification import found
from tests.orthanc import AE_TITLE, needs_orthanc, orthanc

pytestmark = [pytest.mark.usefixtures("state"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cohort() -> Cohort:
    return create_cohort(name="liver")


@pytest.fixture
def sender(cohort: Cohort) -> DicomSender:
    return create_sender(ae_title="SCANNER", cohort=cohort.pk, host="127.0.0.1")


@pytest.fixture
def port(sender: DicomSender, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A listener that runs in threads of this process."""
    monkeypatch.setattr("tempfile.tempdir", None)  # given back at the end: the listener sets its own
    port = free_port()
    server = listen_at(Address("127.0.0.1", port, "HARVEST"), block=False)
    yield port
    server.shutdown()


Call = Callable[..., Any]


@pytest.fixture
def call(port: int) -> Iterator[Call]:
    """An association of a sender's, which is released at the end."""
    made = []

    def associate(title: str = "SCANNER", called: str = "HARVEST", syntax: str | None = None) -> Any:
        ae = AE(title)
        ae.add_requested_context(Verification)
        ae.add_requested_context(CTImageStorage, *([syntax] if syntax else []))
        association = ae.associate("127.0.0.1", port, ae_title=called)
        made.append(association)
        return association

    yield associate
    for association in made:
        if association.is_established:
            association.release()


def kept() -> list[Path]:
    return sorted(inbox.inbox().glob("*/*/*/*.dcm"))


def test_an_acknowledged_object_is_in_the_inbox_as_it_came(
    call: Call, tmp_path: Path, cohort: Cohort
) -> None:
    file = write_ct(tmp_path)[0]
    assert call().send_c_store(str(file)).Status == 0x0000
    (path,) = kept()
    assert path.relative_to(inbox.inbox()).parts[0] == str(cohort.pk)
    sent, came = pydicom.dcmread(file), pydicom.dcmread(path)
    assert came == sent
    assert came.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
    assert came.file_meta.MediaStorageSOPInstanceUID == sent.SOPInstanceUID
    assert list(inbox.staging().iterdir()) == []


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, RLELossless])
def test_compressed_objects_stay_compressed(call: Call, tmp_path: Path, syntax: str) -> None:
    data = pydicom.dcmread(write_ct(tmp_path)[0])
    data.compress(syntax, encoding_plugin="pylibjpeg")
    assert call(syntax=syntax).send_c_store(data).Status == 0x0000
    came = pydicom.dcmread(kept()[0])
    assert came.file_meta.TransferSyntaxUID == syntax
    assert came.PixelData == data.PixelData


def test_a_known_sender_is_answered_to_echo(call: Call) -> None:
    assert call().send_c_echo().Status == 0x0000


@pytest.mark.parametrize(
    ("title", "called", "diagnostic"), [("STRANGER", "HARVEST", 3), ("SCANNER", "OTHER", 7)]
)
def test_unknown_callers_are_rejected_and_named_in_the_log_alone(
    call: Call, caplog: pytest.LogCaptureFixture, title: str, called: str, diagnostic: int
) -> None:
    association = call(title, called)
    assert association.is_rejected
    answer = association.acceptor.primitive
    assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, diagnostic)
    assert [r.getMessage() for r in caplog.records if title in r.getMessage()]


def test_a_known_title_from_another_address_is_rejected(call: Call, sender: DicomSender) -> None:
    DicomSender.objects.update(host="192.0.2.1")
    assert call().is_rejected


def test_a_sender_that_was_taken_away_is_rejected_at_once(
    call: Call, client_of: Any, sender: DicomSender
) -> None:
    assert client_of(Role.ADMIN).delete(f"/api/v1/dicom-senders/{sender.pk}").status_code == 204
    assert call().is_rejected


def test_a_full_disk_is_answered_with_out_of_resources_and_loses_nothing(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = write_ct(tmp_path)
    association = call()
    assert association.send_c_store(str(files[0])).Status == 0x0000
    with monkeypatch.context() as full:
        full.setattr("harvest.store.RESERVE_BYTES", 1 << 62)
        assert association.send_c_store(str(files[1])).Status == 0xA700
    assert len(kept()) == 1
    assert association.send_c_store(str(files[1])).Status == 0x0000
    assert len(kept()) == 2


def test_an_object_that_does_not_say_its_study_is_not_understood(call: Call, tmp_path: Path) -> None:
    data = pydicom.dcmread(write_ct(tmp_path)[0])
    del data.StudyInstanceUID
    assert call().send_c_store(data).Status == 0xC000
    assert kept() == []


def test_no_log_names_the_patient(call: Call, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="harvest")
    association = call()
    for file in write_ct(tmp_path)[:2]:
        association.send_c_store(str(file))
    assert found("".join(r.getMessage() for r in caplog.records)) == []


@needs_orthanc
def test_a_sender_is_called_back(tmp_path: Path, cohort: Cohort) -> None:
    (tmp_path / "pacs").mkdir()
    with orthanc(tmp_path / "pacs") as pacs:
        there = create_sender(ae_title=AE_TITLE, cohort=cohort.pk, host="127.0.0.1", port=pacs.dicom_port)
        check_sender(sender=there.pk)
        pacs.kill()
        with pytest.raises(Exception, match=f"Nobody answers as {AE_TITLE}"):
            check_sender(sender=there.pk)
