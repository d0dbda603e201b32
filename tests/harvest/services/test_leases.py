"""The review queue hands out studies under leases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from harvest.domain import QueueState, Role
from harvest.models import HarvestRound, RoundStudy
from harvest.services.leases import hand_out, release_study
from harvest.services.people import create_login


@pytest.fixture
def readers(user_of: Callable[[Role], User]) -> tuple[User, User]:
    return user_of(Role.CLINICIAN), create_login(username="b", password="x" * 12, role=Role.CLINICIAN)


def test_two_readers_never_get_the_same_study(ready_round: HarvestRound, readers: tuple[User, User]) -> None:
    first = hand_out(parent=ready_round, reader=readers[0], ahead=1)
    second = hand_out(parent=ready_round, reader=readers[1], ahead=2)
    assert len({first.now, *first.ahead, second.now, *second.ahead}) == 3
    assert hand_out(parent=ready_round, reader=readers[1], after=second.now).now is None


def test_the_readers_own_open_study_comes_again(
    ready_round: HarvestRound, readers: tuple[User, User]
) -> None:
    handed = hand_out(parent=ready_round, reader=readers[0])
    assert hand_out(parent=ready_round, reader=readers[0]) == handed


def test_going_on_walks_through_the_round_and_comes_back_to_what_is_open(
    ready_round: HarvestRound, readers: tuple[User, User]
) -> None:
    seen = [hand_out(parent=ready_round, reader=readers[0]).now]
    for _ in range(3):
        seen.append(hand_out(parent=ready_round, reader=readers[0], after=seen[-1]).now)
    assert len(set(seen[:3])) == 3
    assert seen[3] == seen[0]


def test_a_lease_that_ran_out_is_free_and_one_that_is_given_back_too(
    ready_round: HarvestRound, readers: tuple[User, User]
) -> None:
    handed = hand_out(parent=ready_round, reader=readers[0], ahead=2)
    assert hand_out(parent=ready_round, reader=readers[1]).now is None
    RoundStudy.objects.filter(pk=handed.now).update(leased_until=timezone.now() - timedelta(seconds=1))
    release_study(round_study_id=handed.ahead[0], reader=readers[0])
    release_study(round_study_id=handed.ahead[1], reader=readers[1])
    got = hand_out(parent=ready_round, reader=readers[1], ahead=2)
    assert {got.now, *got.ahead} == {handed.now, handed.ahead[0]}


def test_done_studies_do_not_come_again(ready_round: HarvestRound, readers: tuple[User, User]) -> None:
    ready_round.studies.update(queue_state=QueueState.DONE)
    assert hand_out(parent=ready_round, reader=readers[0]).now is None
