"""Querysets written once find what they would find written each time."""

from __future__ import annotations

from uuid import uuid4

import pytest

from harvest.domain import CandidateKind, Role
from harvest.models import Candidate, Reading, RoundStudy
from harvest.selectors.compiled import Compiled
from harvest.selectors.people import closed_to, roles_of, user_by_id, user_by_token
from harvest.services.leases import hand_out
from harvest.services.tokens import create_token

pytestmark = pytest.mark.django_db


def test_it_finds_the_same_rows_in_the_same_order_for_any_number_of_ids(ready_round):
    def build(ids, reader):
        return Candidate.objects.filter(round_study__in=ids).exclude(kind=CandidateKind.WITHHELD)

    compiled = Compiled(Candidate, build)
    studies = [row.pk for row in RoundStudy.objects.filter(round=ready_round)]
    for ids in (studies[:1], studies[1:], studies, studies[:1]):
        assert compiled.rows(ids, 0) == list(build(ids, 0))
    assert compiled.rows([uuid4()], 0) == []
    assert compiled.rows([], 0) == []


def test_the_reader_asked_for_is_not_the_one_it_was_written_for(ready_round, user_of):
    first, second = user_of(Role.CLINICIAN), user_of(Role.ADMIN)
    held = hand_out(parent=ready_round, reader=first).now
    compiled = Compiled(
        Reading, lambda ids, reader: Reading.objects.filter(round_study__in=ids, reader_id=reader)
    )
    assert compiled.rows([held], second.pk) == []
    assert [row.reader_id for row in compiled.rows([held], first.pk)] == [first.pk]


def test_a_user_comes_with_the_roles_in_one_query(user_of, django_assert_num_queries):
    user = user_of(Role.DATA_MANAGER)
    secret = create_token(user=user, name="a script").secret
    for ask in (lambda: user_by_id(user.pk), lambda: (user_by_token(secret) or [None])[0]):
        with django_assert_num_queries(1):
            found = ask()
            assert roles_of(found) == {Role.DATA_MANAGER}
            assert closed_to(found) == frozenset()
        assert found == user
    assert user_by_token("no such token") is None
