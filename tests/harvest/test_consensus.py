"""What two blind readers and an adjudicator come to, cell by cell."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.geometry import Box3D
from harvest.consensus import Word, agreed, agreed_on_study, differences, same_lesions
from harvest.domain import CANDIDATE_VERDICTS, Verdict

A, B = UUID(int=1), UUID(int=2)
PRIMARY, OTHER = Verdict.PRIMARY_LESION, Verdict.OTHER_LESION
NOT, UNSURE = Verdict.NOT_A_LESION, Verdict.UNSURE
BOX = Box3D((0, 0, 0), (10, 10, 10))
NEAR = Box3D((1, 0, 0), (11, 10, 10))
FAR = Box3D((50, 0, 0), (60, 10, 10))


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (PRIMARY, PRIMARY, PRIMARY),
        (OTHER, OTHER, OTHER),
        (NOT, NOT, NOT),
        (PRIMARY, OTHER, OTHER),
        (PRIMARY, NOT, UNSURE),
        (UNSURE, NOT, UNSURE),
        (PRIMARY, None, UNSURE),
        (None, None, UNSURE),
    ],
)
def test_what_two_readers_come_to_without_an_adjudicator(first, second, both) -> None:
    assert agreed(first, second) == agreed(second, first) == both


@given(st.sampled_from(sorted(CANDIDATE_VERDICTS)), st.sampled_from(sorted(CANDIDATE_VERDICTS)))
def test_a_lesion_needs_both_readers(first: Verdict, second: Verdict) -> None:
    if agreed(first, second) in (PRIMARY, OTHER):
        assert {first, second} <= {PRIMARY, OTHER}


def test_only_what_differs_is_to_be_decided() -> None:
    first = Word({A: PRIMARY, B: NOT})
    assert differences([A, B], first, Word({A: PRIMARY, B: UNSURE})).candidates == (B,)
    assert not differences([A, B], first, Word({A: PRIMARY, B: NOT}))


def test_a_study_without_lesion_rejects_every_candidate() -> None:
    nothing = Word(study=Verdict.NO_LESION)
    assert not differences([A, B], Word({A: NOT, B: NOT}), nothing)
    assert differences([A, B], Word({A: PRIMARY, B: NOT}), nothing).candidates == (A,)


def test_boxes_that_only_one_drew_are_to_be_decided() -> None:
    x, y, z = uuid4(), uuid4(), uuid4()
    found = differences([], Word(boxes={x: BOX, y: FAR}), Word(boxes={z: NEAR}))
    assert found.boxes == (y,)
    assert differences([], Word(study=Verdict.MISSED), Word()).missed
    assert not differences([], Word(study=Verdict.MISSED, boxes={x: BOX}), Word(boxes={z: NEAR}))


def test_each_box_is_paired_once_the_best_first() -> None:
    x, y, z = uuid4(), uuid4(), uuid4()
    assert same_lesions({x: BOX}, {y: NEAR, z: BOX}) == [(x, z)]
    assert same_lesions({}, {y: NEAR}) == []


def test_the_whole_study_has_no_lesion_where_both_say_so() -> None:
    none, missed = Word(study=Verdict.NO_LESION), Word(study=Verdict.MISSED)
    assert agreed_on_study(none, none) == Verdict.NO_LESION
    assert agreed_on_study(none, Word()) is None
    assert agreed_on_study(none, missed) == Verdict.MISSED
