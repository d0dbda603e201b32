"""Which seconds count as reading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest.labour.idle import IDLE_S, counted

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("pause", "seconds"), [(0, 0), (5, 5), (30, 30), (31, 30), (3600, 30), (-9, 0)])
def test_a_pause_counts_up_to_thirty_seconds_and_no_further(pause: float, seconds: float) -> None:
    assert counted(NOON, NOON + timedelta(seconds=pause)) == seconds


def test_the_first_event_counts_nothing() -> None:
    assert counted(None, NOON) == 0


@given(st.floats(0, 5000), st.floats(0, 5000))
def test_one_more_event_between_two_never_takes_time_away(first: float, second: float) -> None:
    between, end = NOON + timedelta(seconds=first), NOON + timedelta(seconds=first + second)
    parts = counted(NOON, between) + counted(between, end)
    assert counted(NOON, end) <= parts + 1e-5
    assert parts <= min(first + second, 2 * IDLE_S) + 1e-5
