"""Means with intervals for skewed seconds of few studies."""

from __future__ import annotations

import numpy as np
import pytest

from harvest.labour.means import mean_seconds, resample


def test_many_values_have_the_interval_of_the_normal_distribution() -> None:
    mean = mean_seconds([20.0, 40.0] * 200)  # a standard error of half a second
    assert mean["value"] == 30
    assert (mean["lo"], mean["hi"]) == pytest.approx((29.02, 30.98), abs=0.06)


def test_a_long_tail_reaches_further_up_than_down() -> None:
    mean = mean_seconds([10.0, 11, 12, 13, 14, 15, 16, 17, 18, 300])
    assert mean["hi"] - mean["value"] > 2 * (mean["value"] - mean["lo"])


def test_where_few_differ_the_interval_is_of_percentiles() -> None:
    mean = mean_seconds([10.0] * 9 + [300.0])
    assert (mean["lo"], mean["hi"]) == (10, 97)  # none to three times the one of ten
    assert mean_seconds([10.0, 30.0]) == {"value": 20.0, "lo": 10.0, "hi": 30.0, "n": 2}


def test_none_and_one_have_no_interval() -> None:
    assert mean_seconds([]) == {"value": None, "lo": None, "hi": None, "n": 0}
    assert mean_seconds([8.0]) == {"value": 8.0, "lo": None, "hi": None, "n": 1}


def test_what_is_drawn_in_parts_is_drawn_all(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = resample([1.0, 2.0, 9.0], np.random.default_rng(0))
    monkeypatch.setattr("harvest.labour.means._AT_ONCE", 7)
    parts = resample([1.0, 2.0, 9.0], np.random.default_rng(0))
    for one, other in zip(whole, parts, strict=True):
        assert np.array_equal(one, other)
    assert whole.means[0] == 4
    assert whole.medians[0] == 2
    assert len(whole.means) == 2001
