"""How long what remains will take."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest.labour.forecast import PACE_DAYS, Work, forecast, hours_a_day

DAY = date(2030, 3, 1)


def test_hours_are_what_remains_times_a_reading_and_divide_by_mode() -> None:
    found = forecast([Work(60, [{"click": 40, "draw": 20}, {"click": 60}])], {DAY: 120.0}, today=DAY)
    assert found.hours["value"] == pytest.approx(1.0)  # 60 readings of a minute
    assert found.hours_by_mode == pytest.approx({"click": 100 / 120, "draw": 20 / 120})
    assert found.hours["lo"] <= 1 <= found.hours["hi"]


def test_days_follow_the_pace_with_its_idle_days() -> None:
    # An hour of reading on two of four days: half an hour a day, so an hour takes two days.
    by_day = {DAY: 3600.0, DAY + timedelta(2): 3600.0}
    found = forecast([Work(60, [{"click": 60.0}] * 3)], by_day, today=DAY + timedelta(3))
    assert found.hours_a_day == 0.5
    assert found.days["value"] == pytest.approx(2)


def test_the_pace_is_of_the_last_fourteen_days_with_reading() -> None:
    by_day = {DAY + timedelta(n): 60.0 if n < 30 else 7200.0 for n in range(30 + PACE_DAYS)}
    assert hours_a_day(by_day, today=max(by_day)) == pytest.approx(2)


def test_nothing_read_gives_no_forecast() -> None:
    found = forecast([Work(9, [])], {}, today=DAY)
    assert found.hours["value"] is found.days["value"] is found.hours_a_day is None
    assert found.hours_by_mode == {}


def test_one_reading_gives_a_value_without_an_interval() -> None:
    found = forecast([Work(3, [{"click": 1200}])], {DAY: 1200.0}, today=DAY)
    assert (found.hours["value"], found.hours["lo"]) == (1.0, None)


def test_nothing_left_takes_no_time() -> None:
    found = forecast([Work(0, [{"click": 50}, {"click": 70}])], {DAY: 120.0}, today=DAY)
    assert (found.hours["value"], found.hours["lo"], found.hours["hi"]) == (0, 0, 0)


def test_a_single_reading_to_come_is_as_uncertain_as_readings_are() -> None:
    seconds = [{"click": s} for s in (30.0, 90.0) * 50]
    found = forecast([Work(1, seconds)], {DAY: 6000.0}, today=DAY)
    assert found.hours["hi"] * 3600 > 60 + 1.9 * 30
    many = forecast([Work(10_000, seconds)], {DAY: 6000.0}, today=DAY)
    assert many.hours["hi"] * 3600 / 10_000 == pytest.approx(60 + 1.96 * 3, abs=1)


def test_kinds_of_work_add_up_and_their_errors_in_squares() -> None:
    blind = Work(100, [{"click": s} for s in (30.0, 90.0) * 50])
    judged = Work(100, [{"adjudicate": s} for s in (30.0, 90.0) * 50])
    one = forecast([blind], {DAY: 1.0}, today=DAY).hours
    found = forecast([blind, judged], {DAY: 1.0}, today=DAY)
    assert found.remaining == 200
    assert found.hours["value"] == pytest.approx(2 * one["value"])
    assert found.hours["hi"] - found.hours["value"] == pytest.approx(2**0.5 * (one["hi"] - one["value"]))
    assert found.hours_by_mode == pytest.approx({"click": one["value"], "adjudicate": one["value"]})
    assert forecast([blind, Work(1, [])], {}, today=DAY).hours["value"] is None
    assert forecast([blind, Work(0, [])], {}, today=DAY).hours == one


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 500), st.lists(st.floats(1, 900), min_size=2, max_size=15))
def test_a_forecast_lies_in_its_interval_and_no_time_is_below_zero(remaining, seconds) -> None:
    found = forecast([Work(remaining, [{"click": s} for s in seconds])], {DAY: sum(seconds)}, today=DAY)
    assert 0 <= found.hours["lo"] <= found.hours["value"] + 1e-9 <= found.hours["hi"] + 2e-9
    assert sum(found.hours_by_mode.values()) == pytest.approx(found.hours["value"])
