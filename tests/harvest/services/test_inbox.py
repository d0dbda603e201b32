"""The inbox: quiet studies are imported once, late objects are never lost and never spoil what was taken."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from harvest.domain import ImportSource, JobState
from harvest.models import Cohort, DicomSender, ImportJob, ReceivedStudy, Study
from harvest.network.objects import identity_of
from harvest.services import inbox
from harvest.services.import_runs import watch_imports
from harvest.services.imports import LOST_AFTER, say_phases
from harvest.services.senders import create_sender
from tests.harvest.fixtures import Work
from tests.harvest.network_studies import write_ct

pytestmark = pytest.mark.usefixtures("state", "db")
HALF = 12


@pytest.fixture
def sender(cohort: Cohort) -> DicomSender:
    return create_sender(ae_title="SCANNER 1", cohort=cohort.pk)


@pytest.fixture
def receive(sender: DicomSender, tmp_path: Path) -> Callable[[Sequence[Path]], None]:
    """Puts copies of files into the inbox, as a receiver does."""

    def put(files: Sequence[Path]) -> None:
        route = inbox.Sender(sender.cohort_id, ImportSource.DICOM, str(sender.pk))
        for file in files:
            path = Path(shutil.copy(file, inbox.staging()))
            inbox.put(sender=route, identity=identity_of(path), path=path)

    return put


@pytest.fixture
def sweep(work: Work, settings: Any) -> Callable[[], list[ImportJob]]:
    """Looks through the inbox as if everything had gone quiet, and runs the imports."""

    def swept() -> list[ImportJob]:
        settings.INBOX_QUIET_SECONDS = 0
        with work():
            return inbox.import_quiet_studies()

    return swept


def in_inbox() -> int:
    return len(list(inbox.inbox().glob("*/*/*/*.dcm")))


def outcomes() -> list[tuple[str, str]]:
    """What every import said, in the order of imports."""
    return [(i.outcome, i.code) for job in ImportJob.objects.all() for i in job.items.all()]


def test_a_study_is_imported_when_nothing_has_come_for_it_for_a_while(
    receive: Any, work: Work, settings: Any, tmp_path: Path, cohort: Cohort
) -> None:
    files = write_ct(tmp_path / "in")
    receive(files)
    with work():
        assert inbox.import_quiet_studies() == []
    for folder in inbox.inbox().glob("*/*/*"):
        os.utime(folder, (time.time(), time.time() - settings.INBOX_QUIET_SECONDS))
    with work():
        inbox.import_quiet_studies()
    assert outcomes() == [("taken", "")]
    job = ImportJob.objects.get()
    assert (job.source, job.source_name, job.owner) == (ImportSource.DICOM, "SCANNER 1", None)
    assert [s.phase for s in Study.objects.get().series.order_by("phase")] == ["arterial", "portal_venous"]


def test_a_taken_study_leaves_the_inbox_and_is_not_imported_again(
    receive: Any, sweep: Any, tmp_path: Path, state: Path
) -> None:
    receive(write_ct(tmp_path / "in"))
    sweep()
    assert sweep() == []
    assert in_inbox() == 0
    assert outcomes() == [("taken", "")]
    assert list((state / "uploads" / "received").glob("*")) == []


def test_studies_that_go_quiet_together_are_one_import(receive: Any, sweep: Any, tmp_path: Path) -> None:
    for study in (1, 2):
        receive(write_ct(tmp_path / "in", study=study, seed=10 * study))
    assert len(sweep()) == 1
    assert outcomes() == [("taken", "")] * 2


def test_a_study_that_was_cut_off_becomes_whole_with_the_rest(
    receive: Any, sweep: Any, tmp_path: Path, cohort: Cohort
) -> None:
    files = write_ct(tmp_path / "in")
    sent_first = [*files[:3], *files[5:HALF], *files[HALF : HALF + 5], *files[HALF + 8 :]]
    receive(sent_first)
    sweep()
    assert {outcome for outcome, _ in outcomes()} == {"refused"}
    assert sweep() == []
    receive([f for f in files if f not in sent_first])
    sweep()
    assert outcomes()[-1] == ("taken", "")
    assert {s.geometry["shape_zyx"][0] for s in Study.objects.get().series.all()} == {HALF}


def test_late_objects_of_a_taken_study_are_named_and_change_nothing(
    receive: Any, sweep: Any, tmp_path: Path
) -> None:
    files = write_ct(tmp_path / "in")
    late = write_ct(tmp_path / "late", phases=("arterial", "portal venous", "delayed"))[2 * HALF :]
    receive(files)
    sweep()
    receive(late)
    sweep()
    assert outcomes() == [("taken", ""), ("refused", "late_objects")]
    item = ImportJob.objects.last().items.get()
    assert item.message == "12 objects came after study 1 was imported; the study stays as it was."
    assert item.study == Study.objects.get()
    assert (in_inbox(), sweep()) == (0, [])


def test_a_study_that_is_sent_again_is_a_duplicate(receive: Any, sweep: Any, tmp_path: Path) -> None:
    files = write_ct(tmp_path / "in")
    receive(files)
    sweep()
    sweep()
    receive(files[:4])
    sweep()
    assert outcomes() == [("taken", ""), ("duplicate", "")]
    assert Study.objects.count() == 1


def test_what_comes_while_a_question_waits_is_asked_about_too(
    receive: Any, sweep: Any, work: Work, tmp_path: Path, cohort: Cohort
) -> None:
    files = write_ct(tmp_path / "in", phases=("first", "second"))
    receive(files[:HALF])
    sweep()
    assert outcomes() == [("phases_needed", "phases")]
    receive(files[HALF:])
    assert sweep() == []
    with work():
        said = {"4": "arterial", "5": "portal_venous"}
        say_phases(job_id=ImportJob.objects.get().pk, given_phases=said)
    assert outcomes() == [("taken", "")]
    assert Study.objects.get().series.count() == 2


def test_an_import_that_was_never_committed_is_made_again(
    receive: Any, sweep: Any, tmp_path: Path, state: Path, settings: Any
) -> None:
    receive(write_ct(tmp_path / "in"))
    settings.INBOX_QUIET_SECONDS = 0
    with transaction.atomic():
        inbox.import_quiet_studies()
        transaction.set_rollback(True)
    assert not ImportJob.objects.exists()
    assert len(list((state / "uploads" / "received").glob("*"))) == 1
    sweep()
    assert outcomes() == [("taken", "")]


def test_an_import_whose_message_was_lost_is_sent_again(
    receive: Any, sweep: Any, work: Work, tmp_path: Path, settings: Any
) -> None:
    receive(write_ct(tmp_path / "in"))
    settings.INBOX_QUIET_SECONDS = 0
    inbox.import_quiet_studies()  # what it sends at commit is sent nowhere
    assert sweep() == []
    assert ImportJob.objects.get().state == JobState.QUEUED
    ImportJob.objects.update(created_at=timezone.now() - LOST_AFTER - timedelta(seconds=1))
    with work():
        watch_imports()
    assert outcomes() == [("taken", "")]


def test_what_a_failed_import_did_not_come_to_is_imported_again(
    receive: Any, sweep: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(write_ct(tmp_path / "in"))
    with monkeypatch.context() as full:
        full.setattr("harvest.store.RESERVE_BYTES", 1 << 62)
        sweep()
    assert ImportJob.objects.get().error["code"] == "storage_full"
    assert sweep() == []
    ImportJob.objects.update(finished_at=timezone.now() - inbox.AGAIN - timedelta(seconds=1))
    sweep()
    assert outcomes() == [("taken", "")]


def test_what_nobody_completes_is_let_go_after_a_week(
    receive: Any, sweep: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(write_ct(tmp_path / "in")[:2])
    sweep()
    sweep()
    assert in_inbox() == 2
    monkeypatch.setattr(inbox, "KEEP", timedelta(seconds=-1))
    sweep()
    assert in_inbox() == 0


def test_what_was_half_written_by_a_receiver_that_is_gone_is_removed(sweep: Any) -> None:
    old, new = inbox.staging() / "old.dcm", inbox.staging() / "new.dcm"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    sweep()
    assert list(inbox.staging().iterdir()) == [new]


def test_names_of_files_and_rows_hold_no_uid(receive: Any, sweep: Any, tmp_path: Path) -> None:
    files = write_ct(tmp_path / "in")
    receive(files)
    names = " ".join(str(p) for p in inbox.inbox().rglob("*"))
    sweep()
    kept = names + str(ReceivedStudy.objects.values_list("key", "objects_seen").get())
    identity = identity_of(files[0])
    assert len(ReceivedStudy.objects.get().objects_seen) == 2 * HALF
    assert not any(uid in kept for uid in (identity.study, identity.series, identity.instance))
