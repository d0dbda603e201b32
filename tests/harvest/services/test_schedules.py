from __future__ import annotations

import json

import pytest
from django_celery_beat.models import PeriodicTask

from harvest.domain import JobState, ModelKind
from harvest.models import TrainingRun
from harvest.services import schedules, supervision
from tests.harvest.curated import make_study, mark_lesion

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(cohort):
    return schedules.create_schedule(
        cohort=cohort.pk, kinds=[ModelKind.DETECTOR], every_minutes=60, size="tiny"
    )


def fire(schedule) -> str:
    schedules.fire_schedule(schedule=schedule.pk)
    schedule.refresh_from_db()
    return schedule.last_outcome


def finish(run: TrainingRun) -> None:
    supervision.claim(host="alpha", devices=["cpu:0"])
    TrainingRun.objects.filter(pk=run.pk).update(state=JobState.SUCCEEDED)


def test_a_schedule_and_its_beat_entry_live_and_die_together(schedule):
    entry = PeriodicTask.objects.get(task="harvest.scheduled_training")
    assert json.loads(entry.args) == [str(schedule.pk)]
    assert (entry.interval.every, entry.interval.period, entry.enabled) == (60, "minutes", True)
    schedules.update_schedule(schedule=schedule.pk, every_minutes=5, enabled=False)
    entry.refresh_from_db()
    assert (entry.interval.every, entry.enabled) == (5, False)
    schedules.delete_schedule(schedule=schedule.pk)
    assert not PeriodicTask.objects.filter(task="harvest.scheduled_training").exists()


def test_a_due_schedule_queues_its_trainings_and_says_so(schedule, cohort):
    mark_lesion(make_study(cohort))
    assert fire(schedule) == "Started detector on release 1."
    run = TrainingRun.objects.get()
    assert (run.reason, run.size, run.state) == ("schedule", "tiny", JobState.QUEUED)
    assert schedule.last_fired_at is not None


def test_with_nothing_curated_it_says_why_nothing_started(schedule):
    assert fire(schedule).startswith("Nothing started: Nothing is curated yet.")


def test_while_one_still_runs_it_says_why_nothing_started(schedule, cohort):
    mark_lesion(make_study(cohort))
    fire(schedule)
    assert "has not ended yet" in fire(schedule)
    assert TrainingRun.objects.count() == 1


def test_with_nothing_new_it_trains_no_second_time(schedule, cohort):
    mark_lesion(make_study(cohort))
    fire(schedule)
    finish(TrainingRun.objects.get())
    assert fire(schedule) == "Nothing started: nothing new was curated since release 1."
    mark_lesion(make_study(cohort))
    assert fire(schedule) == "Started detector on release 2."


def test_a_kind_that_cannot_learn_yet_does_not_hold_up_the_others(cohort):
    both = schedules.create_schedule(
        cohort=cohort.pk, kinds=[ModelKind.CHARACTERIZER, ModelKind.DETECTOR], every_minutes=60
    )
    mark_lesion(make_study(cohort))
    outcome = fire(both)
    assert outcome.startswith("Started detector on release 1.")
    assert "at least two classes" in outcome


def test_a_schedule_that_is_switched_off_does_nothing(schedule, cohort):
    mark_lesion(make_study(cohort))
    schedules.update_schedule(schedule=schedule.pk, enabled=False)
    assert fire(schedule) == ""
    assert not TrainingRun.objects.exists()
