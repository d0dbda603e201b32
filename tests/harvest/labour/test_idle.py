"""Which seconds count as reading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from harvest.labour.idle import LONGEST_S, active_seconds, counted

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def after(*seconds: float) -> list[datetime]:
    return [NOON + timedelta(seconds=s) for s in seconds]


def test_a_pause_counts_up_to_thirty_seconds_and_no_further() -> None:
    # 5 s, then 25 s, then a telephone call of ten minutes, then 1 s.
    assert active_seconds(after(0, 5, 30, 630, 631)) == 5 + 25 + 30 + 1


def test_one_event_or_none_is_no_time() -> None:
    assert active_seconds([]) == active_seconds(after(7)) == counted(None, NOON) == 0


def test_a_clock_that_runs_backwards_takes_nothing_away() -> None:
    assert counted(NOON, NOON - timedelta(seconds=9)) == 0


offsets = st.lists(st.floats(0, 5000), max_size=30)


@given(offsets)
def test_the_sum_is_that_of_the_gaps_in_any_order_and_at_most_the_span(seconds) -> None:
    total = active_seconds(after(*seconds))
    assert total == active_seconds(after(*reversed(seconds)))
    span = max(seconds, default=0) - min(seconds, default=0)
    assert 0 <= total <= min(span, LONGEST_S * max(0, len(seconds) - 1)) + 1e-3


@given(offsets, st.floats(0, 5000))
def test_one_more_event_never_takes_time_away(seconds, more) -> None:
    assert active_seconds(after(*seconds, more)) >= active_seconds(after(*seconds)) - 1e-3
