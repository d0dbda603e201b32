"""What is saved against drawing from scratch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest.labour.saved import ENOUGH, labour_saved


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


def test_the_interval_holds_the_truth_of_small_skewed_arms() -> None:
    rng = np.random.default_rng(3)
    truth = np.exp(5 + 0.245) - np.exp(3 + 0.245)  # means of the lognormals
    held = 0
    for _ in range(60):
        saved = labour_saved(rng.lognormal(5, 0.7, 10), rng.lognormal(3, 0.7, 40)).seconds
        held += saved["lo"] <= truth <= saved["hi"]
    assert held >= 52  # of 57 expected; percentiles come to 50 or so


seconds = st.lists(st.floats(0.5, 900), min_size=2, max_size=12)


@settings(deadline=None, max_examples=20)
@given(seconds, seconds)
def test_an_interval_holds_its_value_and_a_share_is_below_one(scratch, shown) -> None:
    saved = labour_saved(scratch, shown)
    for estimate in (saved.seconds, saved.share):
        assert estimate["lo"] <= estimate["value"] <= estimate["hi"]
    assert saved.share["hi"] < 1
    assert (saved.seconds["value"] > 0) == (saved.share["value"] > 0)
