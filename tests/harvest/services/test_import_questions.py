"""Imports that ask which phase is which: kept, with pictures, until a person has said it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import TestCase
from PIL import Image

from harvest.domain import (
    ImportOutcome,
    JobState,
    PhaseSource,
    Role,
    Split,
)
from harvest.errors import HarvestError, InvalidTransition, NotFound
from harvest.models import Cohort, ImportJob, Series, Study
from harvest.services.imports import (
    cancel_import,
    end_import,
    say_phases,
    start_upload_import,
)
from harvest.services.thumbnails import thumbnail_path
from tests.harvest.archive import write_study
from tests.harvest.fixtures import Work
from tests.harvest.importing import outcomes, stored
from tests.harvest.states import put

pytestmark = pytest.mark.usefixtures("state", "db")


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
    put(asked, state=JobState.RUNNING)
    with TestCase.captureOnCommitCallbacks(execute=True):
        cancel_import(job_id=asked.pk)
        end_import(job_id=asked.pk, state=JobState.CANCELLED)
    assert not [name for name in stored() if name.startswith("questions")]
