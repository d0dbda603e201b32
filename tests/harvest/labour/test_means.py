"""Means with intervals for skewed seconds of few studies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest.labour.means import mean_seconds, median_seconds


def test_many_values_have_the_interval_of_the_normal_distribution() -> None:
    mean = mean_seconds([20.0, 40.0] * 200)  # a standard error of half a second
    assert mean["value"] == 30
    assert (mean["lo"], mean["hi"]) == pytest.approx((29.02, 30.98), abs=0.06)


def test_few_values_have_students_interval_of_the_logarithm() -> None:
    # Deviation 14.14, error 10, t with one degree of freedom 12.71; exp(12.71 x 10 / 30) is 69.1.
    mean = mean_seconds([20.0, 40.0])
    assert (mean["lo"], mean["hi"]) == pytest.approx((30 / 69.1, 30 * 69.1), rel=1e-2)


def test_a_long_tail_reaches_further_up_than_down() -> None:
    mean = mean_seconds([*(10.0 + n for n in range(24)), 300])
    assert mean["hi"] - mean["value"] > 2 * (mean["value"] - mean["lo"])


def test_none_and_one_have_no_interval() -> None:
    for measure in (mean_seconds, median_seconds):
        assert measure([]) == {"value": None, "lo": None, "hi": None, "n": 0}
        assert measure([8.0]) == {"value": 8.0, "lo": None, "hi": None, "n": 1}


def test_no_time_at_all_is_no_time() -> None:
    assert mean_seconds([0.0] * 20) == {"value": 0.0, "lo": 0.0, "hi": 0.0, "n": 20}


def test_a_median_lies_between_its_order_statistics() -> None:
    # Of 25 values the eighth from below and from above: 1 - 2 x P(7 or fewer of 25) = 0.957.
    median = median_seconds([float(n) for n in range(1, 26)])
    assert (median["value"], median["lo"], median["hi"]) == (13, 8, 18)
    # Of six the whole range holds it in 1 - 2 / 64.
    assert median_seconds([1.0, 2, 3, 4, 5, 9])["hi"] == 9


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    for n, least in ((4, 85), (10, 88), (30, 89)):
        found = [mean_seconds(rng.lognormal(3, 0.6, n), seed=k) for k in range(100)]
        truth = np.exp(3 + 0.18)
        assert sum(e["lo"] <= truth <= e["hi"] for e in found) >= least


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 900), min_size=2, max_size=25))
def test_an_interval_holds_its_value_and_no_time_is_below_zero(seconds) -> None:
    for measure in (mean_seconds, median_seconds):
        found = measure(seconds)
        assert 0 <= found["lo"] <= found["value"] <= found["hi"]
