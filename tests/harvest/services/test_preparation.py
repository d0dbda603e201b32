"""Preparation: a stored study's phases on one grid, whole or not at all, and never a study lost by it."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError

from detector.errors import DetectorError
from detector.ingest import prepare as steps
from detector.registration.quality import APART
from detector.registration.resample import resample
from detector.registration.transform import read_transform
from detector.volume import read_volume
from harvest import engine, store
from harvest.domain import MAX_TRIES, JobState, LiverSource, ModelKind, PreparationState, Split
from harvest.errors import InvalidTransition, NotReady, StoreUnreachable
from harvest.models import Cohort, Study
from harvest.services import preparation
from harvest.services.import_runs import run_import
from harvest.services.imports import create_path_import
from harvest.services.preparation import prepare_study, prepare_waiting, retry_preparation
from harvest.services.rounds import create_round
from tests.harvest.archive import write_study
from tests.harvest.fixtures import BOXES, Work, make_version

pytestmark = pytest.mark.usefixtures("state", "db")


def imported(cohort: Cohort, archive: Path, *, liver: bool = True, studies: int = 1) -> list[Study]:
    """Studies that were read and wait."""
    for seed in range(1, studies + 1):
        folder = write_study(archive / str(seed), seed=seed)
        if not liver:
            (folder / "liver.nii.gz").unlink()
    job = create_path_import(cohort=cohort, path=archive, given_phases={}, split=Split.POOL)
    run_import(job_id=job.pk)
    return list(Study.objects.order_by("ordinal"))


@pytest.fixture
def waiting(cohort: Cohort, tmp_path: Path) -> Study:
    (study,) = imported(cohort, tmp_path / "in")
    assert study.preparation == PreparationState.WAITING
    return study


def files(study: Study) -> set[str]:
    folder = store.path(study.store_key)
    return {str(p.relative_to(folder)) for p in folder.rglob("*.npy")}


def test_a_study_is_made_ready_with_its_phases_on_one_grid(waiting: Study) -> None:
    study = prepare_study(study_id=waiting.pk)
    assert (study.preparation, study.liver_source) == (PreparationState.READY, LiverSource.SUPPLIED)
    images = engine.study_images(study)
    assert {v.geometry for v in images.volumes.values()} == {engine.geometry_of(study)}
    assert images.liver is not None
    assert {"original/arterial.npy", "registered/arterial.npy", "registered/portal_venous.npy"} < files(study)


def test_a_stored_phase_is_the_original_through_the_stored_transform(waiting: Study) -> None:
    study = prepare_study(study_id=waiting.pk)
    folder = store.path(study.store_key)
    original, registered = (read_volume(folder / f / "arterial.npy") for f in ("original", "registered"))
    transform = read_transform(folder / "transforms" / "arterial.json")
    assert (resample(original, registered.geometry, transform).array_zyx == registered.array_zyx).all()
    anew = engine.derive_registered(study.store_key, "arterial", transform, engine.geometry_of(study))
    assert (anew.array_zyx == registered.array_zyx).all()
    figures = study.series.get(phase="arterial").registration
    assert {"method", "flag", "similarity_before", "similarity_after", "folding_share"} <= set(figures)


def test_a_ready_study_is_left_as_it_is(waiting: Study) -> None:
    study = prepare_study(study_id=waiting.pk)
    stamp = (store.path(study.store_key) / "registered").stat().st_mtime_ns
    assert prepare_study(study_id=waiting.pk).preparation == PreparationState.READY
    assert prepare_waiting() == 0
    assert (store.path(study.store_key) / "registered").stat().st_mtime_ns == stamp


def test_workers_take_up_whatever_waits(cohort: Cohort, tmp_path: Path) -> None:
    imported(cohort, tmp_path / "in", studies=3)
    assert prepare_waiting() == 3
    assert set(Study.objects.values_list("preparation", flat=True)) == {PreparationState.READY}


def test_no_liver_means_the_whole_volume_and_is_said(cohort: Cohort, tmp_path: Path) -> None:
    (study,) = imported(cohort, tmp_path / "in", liver=False)
    study = prepare_study(study_id=study.pk)
    assert (study.preparation, study.has_liver, study.liver_source) == ("ready", False, LiverSource.NONE)
    assert engine.study_images(study).liver is None


def test_a_liver_search_that_breaks_loses_no_study(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (study,) = imported(cohort, tmp_path / "in", liver=False)
    monkeypatch.setattr(steps, "find_liver", lambda *_: 1 / 0)
    study = prepare_study(study_id=study.pk)
    assert (study.preparation, study.liver_source) == (PreparationState.READY, LiverSource.NONE)


def test_a_registration_that_breaks_leaves_the_phase_as_it_was_and_flags_it(
    waiting: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("ITK: /archive/Doe")

    monkeypatch.setattr(steps, "align", broken)
    study = prepare_study(study_id=waiting.pk)
    assert study.preparation == PreparationState.READY
    figures = study.series.get(phase="arterial").registration
    assert (figures["method"], figures["flag"]) == ("identity", APART)
    assert "RuntimeError" in figures["note"]
    assert "Doe" not in str(figures)
    original = engine.original_volume(study.store_key, "arterial").array_zyx
    kept = [original, engine.registered_volume(study, "arterial").array_zyx]
    assert (kept[0] == kept[1]).all()


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fails(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(preparation, "write_transform", fails)


def test_a_failure_is_kept_by_name_and_can_be_tried_again(
    waiting: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(waiting)
    with monkeypatch.context() as context:
        failing(context, OSError(errno.ENOSPC, "No space left on device"))
        study = prepare_study(study_id=waiting.pk)
    assert study.preparation == PreparationState.FAILED
    assert study.preparation_error["code"] == "storage_full"
    assert files(study) == before
    assert not any((store.root() / "pending").iterdir())
    with pytest.raises(NotReady) as caught:
        engine.study_images(study)
    assert (caught.value.code, caught.value.status) == ("preparation_failed", 409)
    assert prepare_waiting() == 0
    retry_preparation(study_id=study.pk)
    with pytest.raises(InvalidTransition):
        retry_preparation(study_id=study.pk)
    assert prepare_waiting() == 1
    assert prepare_study(study_id=waiting.pk).preparation == PreparationState.READY


def test_one_study_that_fails_stops_no_other(cohort: Cohort, tmp_path: Path) -> None:
    first, *_ = imported(cohort, tmp_path / "in", studies=3)
    damaged = store.path(f"{first.store_key}/original/arterial.npy")
    damaged.write_bytes(damaged.read_bytes()[:200])
    assert prepare_waiting() == 3
    states = list(Study.objects.order_by("ordinal").values_list("preparation", flat=True))
    assert states == [PreparationState.FAILED, PreparationState.READY, PreparationState.READY]
    first.refresh_from_db()
    assert "damaged" in str(first.preparation_error)


def test_a_lost_workers_study_is_taken_up_again_and_given_up_at_last(
    waiting: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tried in range(1, MAX_TRIES + 1):
        with monkeypatch.context() as context:
            failing(context, DatabaseError())  # as the connection of a lost worker: no row says anything
            with pytest.raises(DatabaseError):
                prepare_waiting()
        waiting.refresh_from_db()
        assert (waiting.preparation, waiting.preparation_tries) == (PreparationState.RUNNING, tried)
    assert prepare_waiting() == 1
    waiting.refresh_from_db()
    assert waiting.preparation_error is not None
    assert waiting.preparation_error["code"] == "worker_lost"


def test_a_study_waits_for_a_bucket_that_is_away_and_fails_by_its_name_in_the_end(
    waiting: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*arguments: object) -> None:
        raise StoreUnreachable("The S3 bucket cannot be reached.")

    monkeypatch.setattr(engine, "liver_finder", away)
    Study.objects.filter(pk=waiting.pk).update(liver_source="", has_liver=False)
    for _ in range(MAX_TRIES - 1):
        with pytest.raises(StoreUnreachable):
            prepare_waiting()
    waiting.refresh_from_db()
    assert waiting.preparation == PreparationState.RUNNING
    assert prepare_waiting() == 1
    waiting.refresh_from_db()
    assert waiting.preparation_error is not None
    assert waiting.preparation_error["code"] == "bucket_unreachable"


def test_what_a_cut_off_attempt_left_is_made_again(waiting: Study) -> None:
    folder = store.path(waiting.store_key)
    (folder / "registered").mkdir()
    (folder / "registered" / "arterial.npy").write_bytes(b"half")
    Study.objects.filter(pk=waiting.pk).update(preparation=PreparationState.RUNNING)
    assert prepare_waiting() == 1
    waiting.refresh_from_db()
    assert len(engine.study_images(waiting).volumes) == 2


def test_a_program_that_cannot_be_used_is_said(waiting: Study, settings: Any, tmp_path: Path) -> None:
    settings.DEEDS = tmp_path / "no-such-program"
    Study.objects.filter(pk=waiting.pk).update(registration="deformable")
    study = prepare_study(study_id=waiting.pk)
    assert study.preparation_error is not None
    assert (study.preparation, study.preparation_error["code"]) == (PreparationState.FAILED, "deeds")


def test_a_round_makes_ready_what_it_needs(cohort: Cohort, waiting: Study, work: Work) -> None:
    make_version(ModelKind.DETECTOR, BOXES)
    with work():
        made = create_round(cohort=cohort)
    made.refresh_from_db()
    assert made.state == JobState.SUCCEEDED
    waiting.refresh_from_db()
    assert waiting.preparation == PreparationState.READY


def test_a_round_names_a_study_that_cannot_be_made_ready(
    cohort: Cohort, waiting: Study, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version(ModelKind.DETECTOR, BOXES)
    failing(monkeypatch, DetectorError("The transform is no transform."))
    with work():
        made = create_round(cohort=cohort)
    (row,) = made.studies.all()
    assert row.error is not None
    assert (row.state, row.error["code"]) == (JobState.FAILED, "preparation_failed")
    assert "no transform" in row.error["message"]
