"""Active seconds as the server sees them."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from harvest.domain import QueueState, ReadingMode, Role, Verdict
from harvest.labour.idle import IDLE_S
from harvest.models import Activity, HarvestRound, Labour, Reading
from harvest.services.labour import recount_labour
from harvest.services.leases import hand_out
from harvest.services.lesions import draw_lesion
from harvest.services.reviews import beat, complete_study, record_review
from tests.harvest.fixtures import Clock


@pytest.fixture
def reader(user_of: Callable[[Role], User]) -> User:
    return user_of(Role.CLINICIAN)


@pytest.fixture
def reading(ready_round: HarvestRound, reader: User, clock: Clock) -> Reading:
    handed = hand_out(parent=ready_round, reader=reader)
    return Reading.objects.get(round_study=handed.now)


def say(reading: Reading, waited_s: float = 0) -> None:
    record_review(
        id=uuid.uuid4(),
        round_study_id=reading.round_study_id,
        reader=reading.reader,
        verdict=Verdict.MISSED,
        candidate_id=None,
        waited_s=waited_s,
    )


def seconds(reading: Reading) -> dict[str, float]:
    return dict(Labour.objects.filter(reading=reading).values_list("mode", "seconds"))


def test_time_between_activities_counts_for_the_later_ones_mode(reading: Reading, clock: Clock) -> None:
    clock.tick(4)
    say(reading)
    clock.tick(10)
    beat(round_study_id=reading.round_study_id, reader=reading.reader, mode=ReadingMode.DRAW)
    clock.tick(12)
    draw_lesion(
        id=uuid.uuid4(),
        study_id=reading.round_study.study_id,
        reader=reading.reader,
        lo=(-10, 30, -90),
        hi=(0, 50, -80),
        primary=True,
        lesion_class=None,
        absent_phases=[],
        round_study_id=reading.round_study_id,
        replaces_id=None,
    )
    clock.tick(1)
    complete_study(round_study_id=reading.round_study_id, reader=reading.reader)
    assert seconds(reading) == {"click": 5.0, "draw": 22.0}


def test_a_pause_counts_up_to_the_idle_limit_and_no_further(reading: Reading, clock: Clock) -> None:
    clock.tick(3600)
    say(reading)
    assert seconds(reading) == {"click": IDLE_S}


def test_who_comes_back_begins_with_opening_a_study(
    reading: Reading, ready_round: HarvestRound, clock: Clock
) -> None:
    clock.tick(5)
    say(reading)
    clock.tick(9 * 3600)
    hand_out(parent=ready_round, reader=reading.reader)
    clock.tick(3)
    say(reading)
    assert seconds(reading) == {"click": 8.0}


def test_answers_that_waited_for_the_network_count_when_they_were_given(
    reading: Reading, clock: Clock
) -> None:
    """Offline for a minute with a verdict every ten seconds; all of them arrive at once."""
    clock.tick(60)
    for waited in (50, 40, 30, 20, 10, 0):
        say(reading, waited_s=waited)
    assert seconds(reading) == {"click": 60.0}


def test_a_clock_gone_wrong_cannot_count_time_twice(reading: Reading, clock: Clock) -> None:
    clock.tick(10)
    say(reading)
    say(reading, waited_s=5000)
    assert seconds(reading) == {"click": 10.0}


def test_a_beat_keeps_the_lease_and_tells_nothing_of_others_studies(
    reading: Reading, ready_round: HarvestRound, clock: Clock
) -> None:
    clock.tick(590)
    beat(round_study_id=reading.round_study_id, reader=reading.reader, mode=ReadingMode.CLICK)
    clock.tick(100)
    other = User.objects.create(username="other")
    beat(round_study_id=reading.round_study_id, reader=other, mode=ReadingMode.CLICK)
    assert not Activity.objects.filter(reader=other).exists()
    assert hand_out(parent=ready_round, reader=other).now != reading.round_study_id
    assert Reading.objects.get(pk=reading.pk).state == QueueState.LEASED


def test_labour_is_a_projection_of_the_activities(reading: Reading, clock: Clock) -> None:
    for pause in (3, 40, 5):
        clock.tick(pause)
        say(reading)
    kept = seconds(reading)
    recount_labour(reading=reading)
    assert seconds(reading) == kept == {"click": 38.0}
