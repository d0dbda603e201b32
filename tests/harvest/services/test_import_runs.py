"""How imports run: once, in any number of processes, on where a lost worker left them, tidied up after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError

from harvest.domain import (
    MAX_TRIES,
    ImportOutcome,
    JobState,
    Split,
)
from harvest.models import Cohort, ImportItem, ImportJob, Study
from harvest.services import reading
from harvest.services.import_runs import run_import, start_import, watch_imports
from harvest.services.imports import (
    cancel_import,
    create_path_import,
    tidy_import,
)
from harvest.services.reading import read_next
from tests.harvest.archive import write_study
from tests.harvest.importing import outcomes, run

pytestmark = pytest.mark.usefixtures("state", "db")


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


def test_a_study_whose_worker_was_lost_before_it_said_so_counts_as_taken(
    cohort: Cohort, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as a copy of itself; what another import took before is one."""
    write_study(archive / "a", seed=1)
    job = create_path_import(cohort=cohort, path=archive, given_phases={}, split=Split.POOL)

    def lost(*args: Any) -> None:
        raise KeyboardInterrupt

    start_import(job_id=job.pk)
    with monkeypatch.context() as dying:
        dying.setattr(reading, "_settle", lost)
        with pytest.raises(KeyboardInterrupt):
            read_next(job_id=job.pk)
    assert (outcomes(job), Study.objects.count()) == ([(ImportOutcome.WAITING, "")], 1)
    run_import(job_id=job.pk)
    assert (outcomes(job), Study.objects.count()) == ([(ImportOutcome.TAKEN, "")], 1)
    assert outcomes(run(cohort, archive))[0][0] == ImportOutcome.DUPLICATE


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
    write_study(archive / "Featherstonehaugh, Jane", seed=1, subject="Jane Featherstonehaugh")
    job = create_path_import(cohort=cohort, path=archive, given_phases={}, split=Split.POOL)
    start_import(job_id=job.pk)
    kept = [p for p in Path(settings.WORK_DIR).rglob("*") if p.is_file()]
    assert kept
    # A name long enough not to turn up in what is sealed by chance.
    assert "Featherstonehaugh" not in "".join(f"{p.name}{p.read_text()}" for p in kept)
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


def test_cancelling_stops_before_the_next_study(cohort: Cohort, archive: Path) -> None:
    write_study(archive / "a", seed=1)
    write_study(archive / "b", seed=2)
    job = create_path_import(cohort=cohort, path=archive, given_phases={}, split=Split.POOL)
    run_import(job_id=job.pk, on_item=lambda item, job: cancel_import(job_id=job.pk) and None)
    job.refresh_from_db()
    assert (job.state, job.done, Study.objects.count()) == (JobState.CANCELLED, 1, 1)
