"""What another detector would change, on boxes that can be placed by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detector.geometry import Box3D
from harvest.preview import Change, changes, priority


def box(x: float) -> Box3D:
    return Box3D((x, 0, 0), (x + 10, 10, 10))


def test_the_same_candidates_change_nothing_even_where_they_shift_a_little():
    assert changes([box(0), box(50)], [box(1), box(51)], lesions=[box(0)], rejected=[box(50)]) == []


def test_what_contradicts_people_comes_first():
    lost = changes([box(0)], [box(50)], lesions=[box(0)], rejected=[box(50)])
    assert lost == [Change.LOSES_LESION, Change.BEST_WAS_REJECTED, Change.OTHER_BEST, Change.OTHERS]
    assert changes([box(50)], [box(50)], lesions=[box(0)], rejected=[]) == [Change.MISSES_LESION]


def test_a_lesion_that_is_found_now_is_told():
    assert changes([], [box(0)], lesions=[box(0)], rejected=[]) == [
        Change.FINDS_LESION,
        Change.OTHER_BEST,
        Change.OTHERS,
    ]


def test_candidates_below_the_best_are_told_last():
    assert changes([box(0), box(50)], [box(0)], lesions=[], rejected=[]) == [Change.OTHERS]


places = st.lists(st.floats(0, 300), max_size=4).map(lambda xs: [box(x) for x in xs])


@given(places, places, places, places)
def test_worst_first_and_each_once(old, new, lesions, rejected):
    found = changes(old, new, lesions=lesions, rejected=rejected)
    assert found == sorted(set(found), key=list(Change).index)
    assert all(0 < priority(found[i:]) <= 1 for i in range(len(found)))
    same = changes(old, old, lesions=lesions, rejected=rejected)
    assert not {Change.LOSES_LESION, Change.FINDS_LESION, Change.OTHER_BEST, Change.OTHERS} & set(same)
