"""Imports: each study is taken whole, known already, refused by name, or waits for its phases."""

from __future__ import annotations

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.phantom.write import write_nifti
from detector.volume import Volume, read_volume
from harvest import store
from harvest.domain import (
    ImportOutcome,
    JobState,
    LiverSource,
    PhaseSource,
    PreparationState,
    Split,
)
from harvest.errors import StorageFull
from harvest.models import Cohort, Series, Study, Subject
from harvest.services import taking
from tests.detector.ingest.builders import blob_scan, write_tilted
from tests.harvest.archive import GEOMETRY, LESION, write_study
from tests.harvest.importing import outcomes, rows, run, stored

pytestmark = pytest.mark.usefixtures("state", "db")


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


def test_names_are_kept_as_how_the_phases_are_known(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "one", seed=1)
    run(cohort, archive)
    for series in Series.objects.all():
        assert series.assigned_by == PhaseSource.NAME
        assert 0.9 < series.confidence < 1


def test_a_liver_mask_that_lies_elsewhere_loses_no_study(cohort: Cohort, archive: Path) -> None:
    folder = write_study(archive / "one", seed=1)
    away = replace(GEOMETRY, origin_xyz_mm=(5000.0, 0.0, 0.0))
    write_nifti(Volume(np.ones(GEOMETRY.shape_zyx, np.uint8), away), folder / "liver.nii.gz")
    (item,) = run(cohort, archive).items.all()
    assert ImportOutcome(item.outcome) == ImportOutcome.TAKEN
    assert "mask that came with it is not used" in item.message
    assert (Study.objects.get().has_liver, Study.objects.get().liver_source) == (False, "")


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
