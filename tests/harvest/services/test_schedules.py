from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from harvest.domain import Condition, JobState, ModelKind, ReadingMode, Role, Split, Verdict
from harvest.errors import HarvestError
from harvest.models import Activity, Candidate, DatasetRelease, Reading, Review, RoundStudy, TrainingRun
from harvest.selectors.outlook import dry_run_of
from harvest.services import schedules, supervision
from tests.harvest.curated import make_round, make_study, mark_lesion

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


def waiting_for(cohort, condition: Condition, amount: float, **more):
    return schedules.create_schedule(
        cohort=cohort.pk,
        kinds=[ModelKind.DETECTOR],
        every_minutes=5,
        size="tiny",
        condition=condition,
        amount=amount,
        **more,
    )


def test_it_starts_after_so_many_new_lesions_and_then_waits_for_as_many_again(cohort):
    mark_lesion(make_study(cohort))
    two = waiting_for(cohort, Condition.LESIONS, 2)
    mark_lesion(make_study(cohort))
    assert fire(two) == "Nothing started: 1 of 2 new lesions have come."
    mark_lesion(make_study(cohort, split=Split.GOLD))
    assert fire(two) == "Nothing started: 1 of 2 new lesions have come."
    mark_lesion(make_study(cohort))
    assert fire(two).startswith("Started detector")
    assert TrainingRun.objects.get().reason == "2 of 2 new lesions have come."
    finish(TrainingRun.objects.get())
    assert fire(two) == "Nothing started: 0 of 2 new lesions have come."


def test_it_starts_after_so_many_hours_of_review(cohort, user_of):
    mark_lesion(make_study(cohort))
    hour = waiting_for(cohort, Condition.REVIEW_HOURS, 1)
    parent = make_round(cohort)
    row = RoundStudy.objects.create(round=parent, study=make_study(cohort))
    reading = Reading.objects.create(
        round=parent, round_study=row, number=1, priority=0, reader=user_of(Role.CLINICIAN)
    )
    act = {"reading": reading, "reader": reading.reader, "mode": ReadingMode.CLICK, "at": timezone.now()}
    Activity.objects.create(**act, seconds=1800)
    assert fire(hour) == "Nothing started: 0.5 of 1 hours of review have come."
    Activity.objects.create(**act, seconds=1800)
    assert fire(hour).startswith("Started detector")


@pytest.mark.parametrize(("lesions", "starts"), [(19, False), (10, True)])
def test_it_starts_when_readers_take_the_best_candidate_for_a_lesion_too_seldom(
    cohort, user_of, lesions, starts
):
    mark_lesion(make_study(cohort))
    least = waiting_for(cohort, Condition.AGREEMENT, 0.8)
    assert "0 of 20 studies that it takes" in fire(least)
    parent, reader = make_round(cohort), user_of(Role.CLINICIAN)
    for number in range(20):
        row = RoundStudy.objects.create(
            round=parent, study=make_study(cohort), state=JobState.SUCCEEDED, settled_at=timezone.now()
        )
        box = {"lo": [0, 0, 0], "hi": [9, 9, 9], "score": 0.9, "key_z_index": 0}
        best = Candidate.objects.create(round_study=row, rank=1, **box)
        verdict = Verdict.PRIMARY_LESION if number < lesions else Verdict.NOT_A_LESION
        Review.objects.create(round_study=row, candidate=best, reader=reader, verdict=verdict)
    outcome = fire(least)
    assert outcome.startswith("Started" if starts else "Nothing started: Readers took the best candidate")
    assert starts or "95% of 20 studies" in outcome


def test_what_is_due_in_quiet_hours_starts_when_they_end(cohort, monkeypatch):
    mark_lesion(make_study(cohort))
    daily = waiting_for(cohort, Condition.EVERY, None, quiet_from=time(8), quiet_until=time(18))

    def at(hour: int) -> None:
        monkeypatch.setattr(
            "harvest.selectors.outlook.timezone.localtime", lambda: datetime(2026, 1, 1, hour, tzinfo=UTC)
        )

    at(12)
    assert fire(daily) == "Nothing started: these are quiet hours. It starts at 18:00."
    schedules.fire_after_quiet_hours()
    assert not TrainingRun.objects.exists()
    at(19)
    schedules.fire_after_quiet_hours()
    daily.refresh_from_db()
    assert daily.last_outcome.startswith("Started detector")
    assert not daily.waits_for_quiet


def test_a_schedule_that_could_never_start_is_refused(cohort):
    for wrong in (
        {"condition": Condition.LESIONS, "amount": None},
        {"condition": Condition.AGREEMENT, "amount": 80},
        {"condition": Condition.EVERY, "amount": None, "quiet_from": time(8)},
    ):
        with pytest.raises(HarvestError):
            waiting_for(cohort, **wrong)


def test_a_dry_run_says_what_would_happen_and_leaves_nothing_behind(cohort):
    two = waiting_for(cohort, Condition.LESIONS, 2)
    mark_lesion(make_study(cohort))
    mark_lesion(make_study(cohort, split=Split.GOLD))
    supervision.claim(host="alpha", devices=["cuda:0"])
    told = dry_run_of(two)
    assert (told["due"], told["have"], told["need"]) == (False, 1, 2)
    assert (told["counts"]["studies"], told["waiting"]) == (2, 0)
    assert told["hosts"] == [{"name": "alpha", "devices": ["cuda:0"]}]
    (kind,) = told["kinds"]
    assert (kind["obstacle"], kind["cases"], kind["positives"], kind["gold_cases"]) == (None, 1, 1, 1)
    assert kind["minutes"] is None
    assert not TrainingRun.objects.exists()
    assert not DatasetRelease.objects.exists()
    two.refresh_from_db()
    assert two.last_fired_at is None


def test_a_dry_run_knows_how_long_such_trainings_took(cohort):
    mark_lesion(make_study(cohort))
    two = waiting_for(cohort, Condition.EVERY, None)
    fire(two)
    run = TrainingRun.objects.get()
    finish(run)
    now = timezone.now()
    TrainingRun.objects.filter(pk=run.pk).update(started_at=now - timedelta(minutes=12), finished_at=now)
    (kind,) = dry_run_of(two)["kinds"]
    assert kind["minutes"] == 12
    assert kind["obstacle"].startswith("Nothing new was curated")
