"""Imports: each study is taken whole, known already, refused by name, or waits for its phases."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import TestCase
from PIL import Image

from detector.phantom.write import write_nifti
from detector.volume import Volume, read_volume
from harvest import store
from harvest.domain import (
    MAX_TRIES,
    ImportOutcome,
    JobState,
    LiverSource,
    PhaseSource,
    PreparationState,
    Role,
    Split,
)
from harvest.errors import Conflict, HarvestError, InvalidTransition, NotFound, StorageFull
from harvest.models import Cohort, ImportItem, ImportJob, Lesion, Series, Study, Subject
from harvest.services import reading, taking
from harvest.services.import_runs import run_import, start_import, watch_imports
from harvest.services.imports import (
    cancel_import,
    create_path_import,
    end_import,
    say_phases,
    start_upload_import,
    tidy_import,
)
from harvest.services.reading import read_next
from harvest.services.thumbnails import thumbnail_path
from harvest.services.uploads import Piece, add_pieces, received, upload_folder
from tests.detector.ingest.builders import blob_scan, write_tilted
from tests.harvest.archive import GEOMETRY, LESION, write_study
from tests.harvest.fixtures import Work

pytestmark = pytest.mark.usefixtures("state", "db")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def run(cohort: Cohort, path: Path, **given: Any) -> ImportJob:
    job = create_path_import(
        cohort=cohort, path=path, given_phases=given.get("phases", {}), split=given.get("split", Split.POOL)
    )
    run_import(job_id=job.pk)
    job.refresh_from_db()
    return job


def outcomes(job: ImportJob) -> list[tuple[str, str]]:
    return [(item.outcome, item.code) for item in job.items.all()]


def stored() -> list[str]:
    """Every file in the store, by its name in it."""
    return sorted(str(p.relative_to(store.root())) for p in store.root().rglob("*") if p.is_file())


def rows() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Study, Subject, Series, Lesion))


def test_a_study_is_taken_with_its_phases_as_they_were_scanned(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "one", seed=1, subject="Jane Doe")
    job = run(cohort, archive)
    assert (job.state, job.total, job.done, job.source_path) == (JobState.SUCCEEDED, 1, 1, "")
    study = Study.objects.get()
    assert (study.ordinal, study.reference_phase, study.lesion_class) == (1, "portal_venous", "hcc")
    assert study.geometry["shape_zyx"] == list(GEOMETRY.shape_zyx)
    assert {s.phase for s in study.series.all()} == {"arterial", "portal_venous"}
    folder = store.path(study.store_key)
    original = read_volume(folder / "original" / "portal_venous.npy")
    assert original.geometry == read_volume(folder / "liver.npy").geometry
    assert (study.preparation, study.liver_source) == (PreparationState.WAITING, LiverSource.SUPPLIED)
    assert not (folder / "registered").exists()
    assert original.geometry.origin_xyz_mm == pytest.approx(GEOMETRY.origin_xyz_mm)
    assert (study.has_liver, study.liver_source) == (True, "supplied")


def test_nobodys_name_is_in_the_rows_or_the_store(
    cohort: Cohort, archive: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_study(archive / "Doe, Jane", seed=1, subject="Jane Doe")
    with caplog.at_level("INFO"):
        run(cohort, archive)
    subject = Subject.objects.get()
    assert subject.pseudonym == taking.pseudonym_of("Jane Doe")
    assert len(subject.pseudonym) == 16
    assert "Doe" not in "".join(stored()) + json.dumps(Study.objects.get().geometry) + caplog.text


def test_importing_again_adds_nothing(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "one", seed=1)
    run(cohort, archive)
    before = rows(), stored()
    shutil.move(archive / "one", archive / "the same in another place")
    job = run(cohort, archive)
    assert outcomes(job) == [(ImportOutcome.DUPLICATE, "")]
    assert (rows(), stored()) == before


def test_pool_studies_know_their_pathology_and_not_their_lesions(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "one", seed=1)
    run(cohort, archive)
    study = Study.objects.get()
    assert (study.lesion_class, study.complete, study.lesions.count()) == ("hcc", False, 0)


def test_gold_studies_come_with_their_truth(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "one", seed=1)
    run(cohort, archive, split=Split.GOLD)
    study = Study.objects.get()
    lesion = study.lesions.get()
    assert (study.subject.split, study.complete) == (Split.GOLD, True)
    assert (lesion.lo, lesion.hi, lesion.primary) == (LESION["lo"], LESION["hi"], True)
    assert (lesion.source, lesion.lesion_class, lesion.reference_phase) == (
        "imported",
        "hcc",
        "portal_venous",
    )


def test_a_subject_cannot_be_in_both_splits(cohort: Cohort, archive: Path, tmp_path: Path) -> None:
    write_study(archive / "one", seed=1, subject="P")
    write_study(tmp_path / "later" / "two", seed=2, subject="P")
    run(cohort, archive)
    before = rows(), stored()
    job = run(cohort, tmp_path / "later", split=Split.GOLD)
    assert outcomes(job) == [(ImportOutcome.REFUSED, "split_fixed")]
    assert (rows(), stored()) == before


def test_one_bad_study_does_not_stop_the_others(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "a", seed=1)
    bad = write_study(archive / "b", seed=2) / "arterial.nii.gz"
    bad.write_bytes(bad.read_bytes()[:2000])
    write_study(archive / "c", seed=3)
    (archive / "notes.txt").write_text("call Jane")
    job = run(cohort, archive)
    assert job.state == JobState.SUCCEEDED
    refused = [i for i in job.items.exclude(outcome=ImportOutcome.TAKEN) if not i.details.get("routine")]
    assert [(i.relative_path, i.outcome) for i in refused] == [("b", ImportOutcome.REFUSED)]
    assert refused[0].message
    assert list(Study.objects.values_list("ordinal", flat=True)) == [1, 2]


def test_a_read_error_midway_leaves_nothing(
    cohort: Cohort, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_study(archive / "one", seed=1)
    written: list[Path] = []
    write = taking.write_volume

    def fails_on_the_second(volume: Any, path: Path) -> None:
        if len(written) == 1:
            raise OSError(errno.EIO, "Input/output error", "/archive/Doe")
        written.append(path)
        write(volume, path)

    monkeypatch.setattr(taking, "write_volume", fails_on_the_second)
    job = run(cohort, archive)
    assert outcomes(job) == [(ImportOutcome.REFUSED, "internal")]
    assert "Doe" not in job.items.get().message
    assert (rows(), stored()) == ((0, 0, 0, 0), [])


def test_a_failing_row_leaves_no_file(cohort: Cohort, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_study(archive / "one", seed=1)

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(Series.objects, "bulk_create", broken)
    job = run(cohort, archive)
    assert outcomes(job) == [(ImportOutcome.REFUSED, "internal")]
    assert (rows(), stored()) == ((0, 0, 0, 0), [])


def test_a_full_disk_ends_the_import_and_leaves_nothing(
    cohort: Cohort, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_study(archive / "one", seed=1)

    def full(needed_bytes: int) -> None:
        if needed_bytes:
            raise StorageFull("The disk is full.")

    monkeypatch.setattr(store, "require_space", full)
    job = run(cohort, archive)
    assert (job.state, job.error["code"]) == (JobState.FAILED, "storage_full")
    assert (rows(), stored(), outcomes(job)) == ((0, 0, 0, 0), [], [])


def test_a_path_that_is_no_archive_fails_by_name(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    job = run(cohort, tmp_path / "notes.txt")
    assert (job.state, job.error["code"]) == (JobState.FAILED, "not_an_archive")
    assert str(tmp_path) not in job.error["message"]


def test_a_series_that_nobody_has_is_refused(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "one", seed=1)
    job = run(cohort, archive, phases={"99": "arterial"})
    assert (job.state, job.error["code"]) == (JobState.FAILED, "unknown_series")


@pytest.fixture
def upload(tmp_path: Path, user_of: Callable[[Role], User]) -> Callable[[Path], Any]:
    """Uploads a folder as a browser does."""

    def send(folder: Path) -> Any:
        pieces = [
            Piece(str(p.relative_to(folder)), SimpleUploadedFile(p.name, p.read_bytes()))
            for p in sorted(folder.rglob("*"))
            if p.is_file()
        ]
        return add_pieces(user_id=user_of(Role.DATA_MANAGER).pk, pieces=pieces)

    return send


def test_an_upload_that_needs_its_phases_is_kept_and_run_again(
    cohort: Cohort, archive: Path, upload: Any, user_of: Any, work: Work, settings: Any
) -> None:
    write_study(archive / "one", seed=1)
    write_study(archive / "two", seed=2, names=("4", "5"))
    owner = user_of(Role.DATA_MANAGER)
    with work():
        job = start_upload_import(
            cohort=cohort, owner=owner, upload_id=upload(archive), given_phases={}, split=Split.POOL
        )
    assert outcomes(job) == [(ImportOutcome.TAKEN, ""), (ImportOutcome.PHASES_NEEDED, "phases")]
    asked = job.items.get(outcome=ImportOutcome.PHASES_NEEDED)
    assert [row["series"] for row in asked.details["series"]] == ["4", "5"]
    with work():
        say_phases(job_id=job.pk, given_phases={"5": "portal_venous", "4": "arterial"})
    job.refresh_from_db()
    assert outcomes(job) == [(ImportOutcome.TAKEN, ""), (ImportOutcome.TAKEN, "")]
    assert (job.state, job.done, job.total, job.source_path) == (JobState.SUCCEEDED, 2, 2, "")
    assert not any(p.is_file() for p in Path(settings.UPLOAD_DIR).rglob("*"))
    with pytest.raises(InvalidTransition):
        say_phases(job_id=job.pk, given_phases={"5": "portal_venous"})


@pytest.fixture
def asked(cohort: Cohort, archive: Path, upload: Any, user_of: Any, work: Work) -> ImportJob:
    """An ended import of two studies that number their series alike and ask for their phases."""
    write_study(archive / "one", seed=1, names=("4", "5"))
    write_study(archive / "two", seed=2, names=("4", "5"))
    with work():
        job = start_upload_import(
            cohort=cohort,
            owner=user_of(Role.DATA_MANAGER),
            upload_id=upload(archive),
            given_phases={},
            split=Split.POOL,
        )
    assert {outcome for outcome, _ in outcomes(job)} == {ImportOutcome.PHASES_NEEDED}
    return job


def test_each_study_gets_the_phases_said_of_it(asked: ImportJob, work: Work) -> None:
    first, second = asked.items.all()
    with work():
        say_phases(
            job_id=asked.pk,
            items={
                first.pk: {"4": "arterial", "5": "portal_venous"},
                second.pk: {"4": "portal_venous"},
            },
        )
    studies = [{s.phase for s in study.series.all()} for study in Study.objects.order_by("ordinal")]
    assert studies == [{"arterial", "portal_venous"}, {"portal_venous"}]
    told = Series.objects.values_list("assigned_by", "confidence")
    assert set(told) == {(PhaseSource.SAID, 1.0)}


def test_a_study_that_was_not_said_keeps_asking(asked: ImportJob, work: Work) -> None:
    first, second = asked.items.all()
    with work():
        say_phases(job_id=asked.pk, items={second.pk: {"5": "arterial"}})
    assert outcomes(asked) == [(ImportOutcome.PHASES_NEEDED, "phases"), (ImportOutcome.TAKEN, "")]
    with pytest.raises(HarvestError) as caught:
        say_phases(job_id=asked.pk, items={second.pk: {"5": "arterial"}})
    assert caught.value.code == "unknown_item"
    assert thumbnail_path(item_id=first.pk, number=0).exists()


def test_a_question_has_pictures_until_it_is_answered(asked: ImportJob, work: Work) -> None:
    items = list(asked.items.all())
    for item in items:
        for number in (0, 1):
            assert Image.open(thumbnail_path(item_id=item.pk, number=number)).width == 240
        with pytest.raises(NotFound):
            thumbnail_path(item_id=item.pk, number=2)
    with work():
        say_phases(job_id=asked.pk, given_phases={"4": "portal_venous"})
    for item in items:
        with pytest.raises(NotFound):
            thumbnail_path(item_id=item.pk, number=0)
    assert not [name for name in stored() if name.startswith("questions")]


def test_a_cancelled_question_leaves_no_pictures(asked: ImportJob) -> None:
    ImportJob.objects.filter(pk=asked.pk).update(state=JobState.RUNNING)
    with TestCase.captureOnCommitCallbacks(execute=True):
        cancel_import(job_id=asked.pk)
        end_import(job_id=asked.pk, state=JobState.CANCELLED)
    assert not [name for name in stored() if name.startswith("questions")]


def test_names_are_kept_as_how_the_phases_are_known(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "one", seed=1)
    run(cohort, archive)
    for series in Series.objects.all():
        assert series.assigned_by == PhaseSource.NAME
        assert 0.9 < series.confidence < 1


def test_an_import_task_sent_twice_does_its_work_once(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "one", seed=1)
    job = run(cohort, archive)
    run_import(job_id=job.pk)
    assert outcomes(job) == [(ImportOutcome.TAKEN, "")]


def test_an_import_goes_on_where_a_lost_worker_left_it(
    cohort: Cohort, archive: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    write_study(archive / "a", seed=1)
    write_study(archive / "b", seed=2)
    job = create_path_import(cohort=cohort, path=archive, given_phases={}, split=Split.POOL)

    def lost(*args: Any, **kwargs: Any) -> Any:
        raise DatabaseError

    start_import(job_id=job.pk)
    assert read_next(job_id=job.pk)
    with monkeypatch.context() as dying:
        dying.setattr(reading, "take_study", lost)
        with pytest.raises(DatabaseError):
            read_next(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.RUNNING, 1)
    assert outcomes(job) == [(ImportOutcome.TAKEN, ""), (ImportOutcome.WAITING, "")]
    run_import(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, Study.objects.count()) == (JobState.SUCCEEDED, 2, 2)
    assert outcomes(job) == [(ImportOutcome.TAKEN, "")] * 2
    assert not any(Path(settings.WORK_DIR).rglob("*"))


def test_a_study_that_takes_its_worker_with_it_is_given_up(
    cohort: Cohort, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_study(archive / "a", seed=1)
    write_study(archive / "b", seed=2)
    job = create_path_import(cohort=cohort, path=archive, given_phases={}, split=Split.POOL)
    start_import(job_id=job.pk)
    ImportItem.objects.filter(job=job, ordinal=1).update(tries=MAX_TRIES)
    run_import(job_id=job.pk)
    assert outcomes(job) == [(ImportOutcome.REFUSED, "worker_lost"), (ImportOutcome.TAKEN, "")]


def test_a_record_names_nobody_and_goes_with_the_import(cohort: Cohort, archive: Path, settings: Any) -> None:
    write_study(archive / "Doe, Jane", seed=1, subject="Jane Doe")
    job = create_path_import(cohort=cohort, path=archive, given_phases={}, split=Split.POOL)
    start_import(job_id=job.pk)
    kept = [p for p in Path(settings.WORK_DIR).rglob("*") if p.is_file()]
    assert kept
    assert "Doe" not in "".join(f"{p.name}{p.read_text()}" for p in kept)
    cancel_import(job_id=job.pk)
    tidy_import(job_id=job.pk)
    assert not any(Path(settings.WORK_DIR).rglob("*"))
    assert outcomes(job) == []


def test_two_imports_of_one_folder_take_each_study_once(cohort: Cohort, archive: Path) -> None:
    for n in (1, 2, 3):
        write_study(archive / str(n), seed=n)
    jobs = [
        create_path_import(cohort=cohort, path=archive, given_phases={}, split=Split.POOL) for _ in range(2)
    ]
    for job in jobs:
        start_import(job_id=job.pk)
    for job in jobs * 4:  # in turns, as two workers would
        read_next(job_id=job.pk)
    taken = [outcome for job in jobs for outcome, _ in outcomes(job)]
    assert (taken.count(ImportOutcome.TAKEN), taken.count(ImportOutcome.DUPLICATE)) == (3, 3)
    assert sorted(Study.objects.values_list("ordinal", flat=True)) == [1, 2, 3]
    assert set(ImportJob.objects.values_list("state", flat=True)) == {JobState.SUCCEEDED}


def test_what_lost_its_messages_is_taken_up_again(
    cohort: Cohort, archive: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    write_study(archive / "a", seed=1)
    job = create_path_import(cohort=cohort, path=archive, given_phases={}, split=Split.POOL)
    start_import(job_id=job.pk)
    sent: list[tuple[str, list[str]]] = []
    monkeypatch.setattr("harvest.queue.send", lambda name, ids, queue: sent.append((name, ids)))
    with django_capture_on_commit_callbacks(execute=True):
        watch_imports()
    assert sent == [("import_job", [str(job.pk)])]
    with django_capture_on_commit_callbacks(execute=True):
        start_import(job_id=job.pk)
    assert sent[1:] == [("read_study", [str(job.pk)])]


def test_leftovers_of_an_ended_import_are_tidied_up(cohort: Cohort, archive: Path, settings: Any) -> None:
    write_study(archive / "a", seed=1)
    job = create_path_import(cohort=cohort, path=archive, given_phases={}, split=Split.POOL)
    start_import(job_id=job.pk)
    cancel_import(job_id=job.pk)  # and the process is gone before it tidied up
    assert any(Path(settings.WORK_DIR).iterdir())
    watch_imports()
    assert not any(Path(settings.WORK_DIR).iterdir())
    job.refresh_from_db()
    assert (job.source_path, outcomes(job)) == ("", [])


def test_a_liver_mask_that_lies_elsewhere_loses_no_study(cohort: Cohort, archive: Path) -> None:
    folder = write_study(archive / "one", seed=1)
    away = replace(GEOMETRY, origin_xyz_mm=(5000.0, 0.0, 0.0))
    write_nifti(Volume(np.ones(GEOMETRY.shape_zyx, np.uint8), away), folder / "liver.nii.gz")
    (item,) = run(cohort, archive).items.all()
    assert ImportOutcome(item.outcome) == ImportOutcome.TAKEN
    assert "mask that came with it is not used" in item.message
    assert (Study.objects.get().has_liver, Study.objects.get().liver_source) == (False, "")


def test_cancelling_stops_before_the_next_study(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "a", seed=1)
    write_study(archive / "b", seed=2)
    job = create_path_import(cohort=cohort, path=archive, given_phases={}, split=Split.POOL)
    run_import(job_id=job.pk, on_item=lambda item, job: cancel_import(job_id=job.pk) and None)
    job.refresh_from_db()
    assert (job.state, job.done, Study.objects.count()) == (JobState.CANCELLED, 1, 1)


def test_an_upload_is_its_senders_and_stays_in_its_folder(
    cohort: Cohort, archive: Path, upload: Any, user_of: Any
) -> None:
    write_study(archive / "one", seed=1)
    id = upload(archive)
    with pytest.raises(NotFound):
        start_upload_import(
            cohort=cohort, owner=user_of(Role.ADMIN), upload_id=id, given_phases={}, split=Split.POOL
        )
    for path in ("../../evil", "/etc/passwd", "a/../../b", ""):
        with pytest.raises(HarvestError) as refused:
            add_pieces(user_id=1, pieces=[Piece(path, SimpleUploadedFile("x", b"x"))])
        assert refused.value.code == "unsafe_path"


def test_a_file_in_parts_comes_together_and_the_last_part_may_come_again(state: Path) -> None:
    def send(content: bytes, offset: int, id: Any = None) -> Any:
        piece = Piece("in/scan.zip", SimpleUploadedFile("x", content), offset)
        return add_pieces(user_id=1, pieces=[piece], upload_id=id)

    id = send(b"0123", 0)
    for _ in range(2):
        send(b"4567", 4, id)
    assert received(user_id=1, upload_id=id) == [("in/scan.zip", 8)]
    assert (upload_folder(user_id=1, upload_id=id) / "in/scan.zip").read_bytes() == b"01234567"
    with pytest.raises(Conflict) as refused:
        send(b"cdef", 12, id)
    assert (refused.value.code, refused.value.details) == ("gap", {"received": 8})
    with pytest.raises(NotFound):
        received(user_id=2, upload_id=id)


def test_uploaded_archives_are_opened(
    cohort: Cohort, archive: Path, upload: Any, user_of: Any, work: Work, tmp_path: Path
) -> None:
    for seed in (1, 2):
        write_study(archive / f"s{seed}", seed=seed)
        shutil.make_archive(str(tmp_path / "packed" / f"s{seed}"), "zip", archive / f"s{seed}")
    with work():
        job = start_upload_import(
            cohort=cohort,
            owner=user_of(Role.DATA_MANAGER),
            upload_id=upload(tmp_path / "packed"),
            given_phases={},
            split=Split.POOL,
        )
    assert outcomes(job) == [(ImportOutcome.TAKEN, "")] * 2


def test_voxels_come_through_unchanged(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "one", seed=1)
    run(cohort, archive)
    folder = store.path(Study.objects.get().store_key)
    kept = read_volume(folder / "original" / "portal_venous.npy").array_zyx
    assert kept.dtype == np.int16
    assert (np.asarray(kept)[:, 20, 22] > 0).all()


def test_what_was_straightened_is_said_of_the_study(cohort: Cohort, tmp_path: Path) -> None:
    write_tilted(tmp_path / "in", blob_scan(), spacing=(3.0, 3.0), SeriesDescription="portal venous")
    (item,) = run(cohort, tmp_path / "in").items.all()
    assert (ImportOutcome(item.outcome), item.message) == (
        ImportOutcome.TAKEN,
        "Series 4: gantry tilt of 10.0 degrees straightened by linear interpolation.",
    )
