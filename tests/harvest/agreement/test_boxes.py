"""Matching two readers' boxes, and what the pairs say."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.geometry import Box3D, iou
from harvest.agreement.boxes import SAME_LESION, Mark, compare, match, pairing


def cube(x: float, y: float = 0, z: float = 0, size: float = 10, candidate: str = "") -> Mark:
    return Mark(Box3D((x, y, z), (x + size, y + size, z + size)), candidate)


def test_a_box_moved_by_two_millimetres() -> None:
    (pair,) = match([cube(0)], [cube(2)])
    assert pair.iou == pytest.approx(800 / 1200)
    assert pair.distance_mm == pytest.approx(2)


def test_the_best_sum_wins_over_the_best_first_pair() -> None:
    # Greedily 0 would take 1 (IoU 0.82) and leave the other two alone (IoU 0.05).
    a, b = [cube(0), cube(3)], [cube(-4), cube(1)]
    assert [(m.a, m.b) for m in match(a, b)] == [(0, 0), (1, 1)]


def test_what_hardly_touches_is_not_the_same_lesion() -> None:
    assert match([cube(0)], [cube(9)]) == []
    assert match([], [cube(0)]) == match([cube(0)], []) == []


def test_boxes_taken_over_from_one_candidate_agree_by_what_was_shown() -> None:
    found = compare(
        [
            pairing("1", [cube(0, candidate="c")], [cube(0, candidate="c")]),
            pairing("2", [cube(0)], [cube(1, candidate="d")]),
            pairing("3", [cube(0)], [cube(3), cube(50)]),
        ]
    )
    assert (found.studies, found.pairs, found.only_a, found.only_b, found.drawn_pairs) == (3, 3, 0, 1, 2)
    assert found.detection.estimate["value"] == pytest.approx(6 / 7)
    assert found.distance_mm["value"] == pytest.approx(2)
    assert found.iou["value"] == pytest.approx((900 / 1100 + 700 / 1300) / 2)
    assert found.distance_mm["lo"] <= 2 <= found.distance_mm["hi"]


def test_readers_who_mark_nothing_have_no_figures() -> None:
    found = compare([pairing("1", [], [])])
    assert (found.studies, found.pairs) == (1, 0)
    assert found.detection.estimate["value"] is found.iou["value"] is found.distance_mm["value"] is None


def test_pairs_of_one_study_have_no_interval() -> None:
    found = compare([pairing("1", [cube(0), cube(40)], [cube(1), cube(42)])])
    assert found.distance_mm == {"value": 1.5, "lo": None, "hi": None, "n": 1}


marks = st.lists(st.builds(cube, *[st.integers(0, 25)] * 3, st.integers(4, 16)), max_size=4)


@settings(deadline=None)
@given(marks, marks)
def test_no_other_pairing_overlaps_more(a, b) -> None:
    found = match(a, b)
    assert len({m.a for m in found}) == len({m.b for m in found}) == len(found)
    gain = [[v if (v := iou(one.box, two.box)) >= SAME_LESION else 0.0 for two in b] for one in a]
    few, many = (a, b) if len(a) <= len(b) else (b, a)
    best = max(
        sum(gain[i][j] if few is a else gain[j][i] for i, j in enumerate(order))
        for order in itertools.permutations(range(len(many)), len(few))
    )
    assert sum(m.iou for m in found) == pytest.approx(best)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(marks, marks), max_size=4))
def test_the_order_of_readers_turns_only_their_remainders(studies) -> None:
    there = compare([pairing(str(i), a, b) for i, (a, b) in enumerate(studies)])
    back = compare([pairing(str(i), b, a) for i, (a, b) in enumerate(studies)])
    assert there.detection.estimate == back.detection.estimate
    assert there.pairs + there.only_a == sum(len(a) for a, _ in studies)
    assert there.pairs + there.only_b == sum(len(b) for _, b in studies)
