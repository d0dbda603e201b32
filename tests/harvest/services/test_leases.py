"""The review queue hands out studies under leases."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from harvest.domain import QueueState, ReadingPolicy, Role, Strategy
from harvest.models import HarvestRound, Reading
from harvest.services.leases import Handed, hand_out
from harvest.services.people import create_login
from harvest.services.readings import release_study


@pytest.fixture
def readers(user_of: Callable[[Role], User]) -> tuple[User, User]:
    return user_of(Role.CLINICIAN), create_login(username="b", password="x" * 12, role=Role.CLINICIAN)


def test_two_readers_never_get_the_same_study(ready_round: HarvestRound, readers: tuple[User, User]) -> None:
    first = hand_out(parent=ready_round, reader=readers[0], ahead=1)
    second = hand_out(parent=ready_round, reader=readers[1], ahead=2)
    assert len({first.now, *first.ahead, second.now, *second.ahead}) == 3
    third = create_login(username="c", password="x" * 12, role=Role.CLINICIAN)
    assert hand_out(parent=ready_round, reader=third).now is None


def test_the_readers_own_open_study_comes_again(
    ready_round: HarvestRound, readers: tuple[User, User]
) -> None:
    handed = hand_out(parent=ready_round, reader=readers[0])
    assert hand_out(parent=ready_round, reader=readers[0]) == handed


def test_a_study_that_is_done_makes_room_for_the_one_that_was_loaded_ahead(
    ready_round: HarvestRound, readers: tuple[User, User]
) -> None:
    first = hand_out(parent=ready_round, reader=readers[0], ahead=1)
    Reading.objects.filter(round_study=first.now).update(state=QueueState.DONE)
    then = hand_out(parent=ready_round, reader=readers[0], ahead=1)
    assert then.now == first.ahead[0]
    assert then.ahead[0] not in (first.now, first.ahead[0])


def test_a_lease_that_ran_out_is_free_and_one_that_is_given_back_too(
    ready_round: HarvestRound, readers: tuple[User, User]
) -> None:
    handed = hand_out(parent=ready_round, reader=readers[0], ahead=2)
    assert hand_out(parent=ready_round, reader=readers[1]).now is None
    Reading.objects.filter(round_study=handed.now).update(leased_until=timezone.now() - timedelta(seconds=1))
    release_study(round_study_id=handed.ahead[0], reader=readers[0])
    release_study(round_study_id=handed.ahead[1], reader=readers[1])
    got = hand_out(parent=ready_round, reader=readers[1], ahead=2)
    assert {got.now, *got.ahead} == {handed.now, handed.ahead[0]}


def test_what_a_reader_left_overnight_comes_to_the_same_reader_first(
    ready_round: HarvestRound, readers: tuple[User, User]
) -> None:
    ids = list(
        Reading.objects.filter(round=ready_round).order_by("-priority").values_list("round_study", flat=True)
    )
    Reading.objects.filter(round_study=ids[-1]).update(
        state=QueueState.LEASED,
        reader=readers[0],
        leased_at=timezone.now() - timedelta(hours=9),
        leased_until=timezone.now() - timedelta(hours=8),
    )
    assert hand_out(parent=ready_round, reader=readers[0]).now == ids[-1]


def test_the_highest_priority_of_an_arm_comes_first(
    ready_round: HarvestRound, readers: tuple[User, User]
) -> None:
    rows = list(ready_round.studies.all())
    for row, priority in zip(rows, (0.2, 0.9, 0.5), strict=True):
        Reading.objects.filter(round_study=row).update(priority=priority, arm=Strategy.SCORE)
    got = hand_out(parent=ready_round, reader=readers[0], ahead=2)
    assert [got.now, *got.ahead] == [rows[1].pk, rows[2].pk, rows[0].pk]


@pytest.mark.parametrize(("share", "arm"), [(1.0, Strategy.RANDOM), (0.0, Strategy.SCORE)])
def test_the_share_says_how_often_the_random_arm_is_asked_and_the_other_one_fills_in(
    ready_round: HarvestRound, readers: tuple[User, User], share: float, arm: Strategy
) -> None:
    ready_round.random_share = share
    rows = list(ready_round.studies.all())
    for row, own in zip(rows, (Strategy.RANDOM, Strategy.SCORE, Strategy.SCORE), strict=True):
        Reading.objects.filter(round_study=row).update(arm=own, priority=0.5)
    got = hand_out(parent=ready_round, reader=readers[0], ahead=2)
    assert Reading.objects.get(round_study=got.now).arm == arm
    assert {got.now, *got.ahead} == {row.pk for row in rows}


def test_a_stratified_arm_shows_rare_classes_as_often_as_common_ones(
    ready_round: HarvestRound, readers: tuple[User, User]
) -> None:
    """One study of a rare class with a low priority, two of a common one with high priorities."""
    ready_round.strategy, ready_round.random_share = Strategy.UNCERTAINTY, 0.0
    rows = list(ready_round.studies.all())
    for row, (stratum, priority) in zip(rows, (("hcc", 9), ("hcc", 8), ("icc", 1)), strict=True):
        Reading.objects.filter(round_study=row).update(
            arm=Strategy.UNCERTAINTY, stratum=stratum, priority=priority
        )
    random.seed(7)
    first = []
    for _ in range(40):
        first.append(hand_out(parent=ready_round, reader=readers[0]).now)
        release_study(round_study_id=first[-1], reader=readers[0])
    assert 10 <= first.count(rows[2].pk) <= 30
    assert rows[1].pk not in first


def test_done_studies_do_not_come_again(ready_round: HarvestRound, readers: tuple[User, User]) -> None:
    Reading.objects.update(state=QueueState.DONE)
    assert hand_out(parent=ready_round, reader=readers[0]).now is None


@pytest.mark.django_db(transaction=True)
def test_a_study_comes_first_while_a_verdict_on_it_is_being_stored(
    ready_round: HarvestRound, readers: tuple[User, User]
) -> None:
    handed = hand_out(parent=ready_round, reader=readers[0], ahead=2)
    Reading.objects.filter(round_study=handed.now).update(leased_until=timezone.now() + timedelta(hours=1))
    url = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    given = {name: url[name] for name in names if url.get(name)}
    asked: list[Handed] = []

    def ask() -> None:
        try:
            asked.append(hand_out(parent=ready_round, reader=readers[0], ahead=2))
        finally:
            connection.close()

    with psycopg.connect(**given) as storing:
        storing.execute("SELECT 1 FROM harvest_reading WHERE round_study_id = %s FOR UPDATE", [handed.now])
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(1)
        assert asking.is_alive()  # it waits for the verdict, and does not hand out another study meanwhile
    asking.join(10)
    assert asked == [handed]


@pytest.mark.django_db(transaction=True)
def test_two_windows_of_a_reader_are_never_given_both_readings_of_a_study(
    ready_round: HarvestRound, readers: tuple[User, User]
) -> None:
    """Nor an error: the window that comes second, while the first is not through, gets another study."""
    ready_round.reading_policy = ReadingPolicy.TWO
    ready_round.save()
    for row in list(Reading.objects.filter(round=ready_round)):
        Reading.objects.create(
            round=ready_round, round_study_id=row.round_study_id, number=2, arm=row.arm, priority=row.priority
        )
    best = (
        Reading.objects.filter(round=ready_round, number=1, arm=Strategy.SCORE).order_by("-priority").first()
    )
    assert best is not None
    Reading.objects.filter(round=ready_round).exclude(round_study=best.round_study_id).update(priority=-1)
    HarvestRound.objects.update(random_share=0)
    ready_round.refresh_from_db()
    url = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    given = {name: url[name] for name in names if url.get(name)}
    got: list[Handed] = []

    def ask() -> None:
        try:
            got.append(hand_out(parent=ready_round, reader=readers[0]))
        finally:
            connection.close()

    with psycopg.connect(**given) as first:
        first.execute(
            "UPDATE harvest_reading SET state = 'leased', reader_id = %s, leased_at = now(), "
            "leased_until = now() + interval '1 hour' WHERE id = %s",
            [readers[0].pk, best.pk],
        )
        second = threading.Thread(target=ask)
        second.start()
        second.join(1)
        assert second.is_alive()  # it waits for the first, whose study it must not get
    second.join(10)
    assert [handed.now is not None for handed in got] == [True]
    mine = Reading.objects.filter(reader=readers[0]).values_list("round_study", flat=True)
    assert sorted(mine) == sorted({best.round_study_id, got[0].now})
