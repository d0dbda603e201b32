"""Shares, their differences and rates, with intervals: textbook values first, then what studies change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import ShapeError
from detector.evaluation.shares import cases_wanted, difference, rate_of, share_of, wilson

by_study = st.lists(
    st.integers(1, 6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=30
)


def test_a_case_a_study_gives_wilson_s_interval() -> None:
    share = share_of([1] * 56 + [0] * 14, [1] * 70)
    assert (share.hits, share.cases, share.studies) == (56, 70, 70)
    assert (share.estimate["lo"], share.estimate["hi"]) == pytest.approx((0.6918, 0.8769), abs=1e-3)


def test_the_difference_is_newcombe_s_example() -> None:
    # Newcombe 1998, table II, method 10: 56/70 - 48/80.
    a, b = share_of([1] * 56 + [0] * 14, [1] * 70), share_of([1] * 48 + [0] * 32, [1] * 80)
    found = difference(a.estimate, b.estimate)
    assert found["value"] == pytest.approx(0.2)
    assert (found["lo"], found["hi"]) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_cases_of_one_study_that_say_the_same_count_once() -> None:
    # Ten studies of four cases each, all four alike: as good as ten cases.
    alike = share_of([4] * 5 + [0] * 5, [4] * 10)
    assert (alike.estimate["lo"], alike.estimate["hi"]) == pytest.approx(wilson(0.5, 10))
    # Cases that scatter within studies as they do between them are worth all of themselves.
    mixed = share_of([2] * 10, [4] * 10)
    assert (mixed.estimate["lo"], mixed.estimate["hi"]) == pytest.approx(wilson(0.5, 40))


def test_where_all_cases_say_the_same_each_study_counts_once() -> None:
    assert share_of([4] * 10, [4] * 10).estimate["lo"] == pytest.approx(wilson(1.0, 10)[0])


def test_a_share_of_nothing_is_no_share() -> None:
    nothing = share_of([0, 0], [0, 0])
    assert nothing.estimate == {"value": None, "lo": None, "hi": None, "n": 0}
    assert difference(nothing.estimate, share_of([1], [1]).estimate)["value"] is None
    with pytest.raises(ShapeError):
        share_of([1], [])


@given(by_study)
def test_an_interval_holds_its_share_and_never_beats_that_of_independent_cases(rows) -> None:
    share = share_of([h for h, _ in rows], [n for _, n in rows])
    if not rows:
        return
    value, lo, hi = (share.estimate[k] for k in ("value", "lo", "hi"))
    assert 0 <= lo <= value <= hi <= 1
    least = wilson(value, share.cases)
    assert hi - lo >= least[1] - least[0] - 1e-9


@given(by_study, by_study)
def test_a_difference_turns_with_its_sides(a, b) -> None:
    one, other = (share_of([h for h, _ in rows], [n for _, n in rows]).estimate for rows in (a, b))
    there, back = difference(one, other), difference(other, one)
    if there["value"] is None:
        assert back["value"] is None
    else:
        assert there["lo"] == pytest.approx(-back["hi"])
        assert -1 - 1e-9 <= there["lo"] <= there["value"] <= there["hi"] <= 1 + 1e-9


@given(st.integers(0, 40), st.integers(1, 40), st.floats(0.03, 0.3))
def test_the_cases_wanted_are_enough_and_no_more(hits, cases, half_width) -> None:
    hits = min(hits, cases)
    share = share_of([1] * hits + [0] * (cases - hits), [1] * cases)

    def half(n: int) -> float:
        lo, hi = wilson(hits / cases, n)
        return (hi - lo) / 2

    more = cases_wanted(share, half_width=half_width)
    assert half(cases + more) <= half_width
    assert more == 0 or half(cases + more - 1) > half_width


def test_a_rate_has_the_score_interval_and_a_wider_one_where_counts_spread() -> None:
    even = rate_of([1] * 20)  # 20 events: 12.95 to 30.89 by the score interval
    assert (even["lo"], even["hi"]) == pytest.approx((12.95 / 20, 30.89 / 20), abs=1e-3)
    uneven = rate_of([10, 10] + [0] * 18)
    assert uneven["value"] == even["value"]
    assert uneven["lo"] < even["lo"]
    assert uneven["hi"] > even["hi"]
    assert rate_of([])["value"] is None
