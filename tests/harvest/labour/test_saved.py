"""What is saved against drawing from scratch."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest.labour.saved import ENOUGH, labour_saved, mean_seconds


def test_seconds_saved_are_the_difference_of_means() -> None:
    saved = labour_saved([100, 200, 300], [10, 20, 60, 30])
    assert saved.scratch_mean["value"] == 200
    assert saved.shown_mean["value"] == 30
    assert saved.seconds["value"] == 170
    assert saved.share["value"] == pytest.approx(0.85)
    assert (saved.scratch_median["value"], saved.shown_median["value"]) == (200, 25)
    assert (saved.missing_scratch, saved.missing_shown) == (ENOUGH - 3, ENOUGH - 4)
    assert saved.seconds["n"] == 3


def test_an_empty_arm_claims_nothing_and_says_what_is_missing() -> None:
    saved = labour_saved([], [10.0] * 20)
    assert saved.seconds == {"value": None, "lo": None, "hi": None, "n": 0}
    assert saved.share["value"] is saved.scratch_mean["value"] is None
    assert saved.shown_mean["value"] == 10
    assert (saved.missing_scratch, saved.missing_shown) == (ENOUGH, 0)


def test_one_study_has_no_interval() -> None:
    saved = labour_saved([90], [10, 20])
    assert (saved.seconds["value"], saved.seconds["lo"], saved.seconds["hi"]) == (75, None, None)


def test_the_interval_is_that_of_two_means() -> None:
    # Deviations of 100 and 10 over 100 studies each: a standard error of 10 s.
    scratch, shown = [100.0, 300.0] * 50, [10.0, 30.0] * 50
    saved = labour_saved(scratch, shown)
    assert saved.seconds["value"] == 180
    assert (saved.seconds["lo"], saved.seconds["hi"]) == pytest.approx((180 - 19.8, 180 + 19.8), abs=2)


def test_a_machine_that_costs_time_saves_less_than_nothing() -> None:
    saved = labour_saved([10.0, 11, 12] * 5, [20.0, 21, 22] * 5)
    assert saved.seconds["hi"] < 0
    assert saved.share["value"] < 0


seconds = st.lists(st.floats(0.5, 900), min_size=2, max_size=12)


@settings(deadline=None, max_examples=20)
@given(seconds, seconds)
def test_an_interval_lies_within_what_was_seen(scratch, shown) -> None:
    saved = labour_saved(scratch, shown)
    lo, hi = min(scratch) - max(shown), max(scratch) - min(shown)
    assert lo - 1e-6 <= saved.seconds["lo"] <= saved.seconds["hi"] <= hi + 1e-6
    assert mean_seconds(shown)["value"] == pytest.approx(saved.shown_mean["value"])
