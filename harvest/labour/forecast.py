"""How long a cohort will still take its readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from detector.evaluation.bootstrap import Estimate
from harvest.labour.means import mean_seconds

PACE_DAYS = 14
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Forecast:
    """`hours` to read what remains, and how they divide over the modes (click, draw, adjudicate) if these
    keep their shares; `days` on the calendar at the present pace. Null where nothing has been read."""

    remaining: int
    hours: Estimate
    hours_by_mode: dict[str, float]
    hours_a_day: float | None
    days: Estimate


def forecast(
    remaining: int, seconds: Sequence[Mapping[str, float]], by_day: Mapping[date, float], *, today: date
) -> Forecast:
    """From the readings that were finished to those that remain.

    The interval holds what the mean of a reading may be (bootstrapped) and, independent of it, how readings
    differ among themselves: it matters where few remain.

    Args:
        remaining: readings to come.
        seconds: of each finished reading, active seconds by mode.
        by_day: active seconds by day, of all readers.
        today: the pace is of the last 14 days with any reading, idle days between them and until today
            counted too.
    """
    totals = [sum(modes.values()) for modes in seconds]
    mean = mean_seconds(totals)
    hours = _sum_of(mean, remaining, float(np.std(totals, ddof=1)) if len(totals) > 1 else 0.0)
    pace = hours_a_day(by_day, today=today)
    days: Estimate = {"value": None, "lo": None, "hi": None, "n": hours["n"]}
    if pace:
        days = _scaled(hours, 1 / pace)
    return Forecast(remaining, hours, _by_mode(hours["value"], seconds), pace, days)


def hours_a_day(by_day: Mapping[date, float], *, today: date) -> float | None:
    """Active hours a calendar day, from the first of the last 14 days with reading until today; null
    without any.

    >>> hours_a_day({date(2030, 1, 1): 7200.0}, today=date(2030, 1, 4))
    0.5
    """
    days = sorted(day for day, seconds in by_day.items() if seconds > 0 and day <= today)[-PACE_DAYS:]
    if not days:
        return None
    return sum(by_day[day] for day in days) / 3600 / ((today - days[0]).days + 1)


def _sum_of(mean: Estimate, remaining: int, deviation: float) -> Estimate:
    """Hours of `remaining` readings from the mean seconds of one and their standard deviation."""
    value, lo, hi = mean["value"], mean["lo"], mean["hi"]
    if value is None or lo is None or hi is None:
        return _scaled(mean, remaining / 3600)
    noise = Z * deviation * remaining**0.5
    below, above = (np.hypot(remaining * (end - value), noise) for end in (lo, hi))
    least, most = max(0.0, remaining * value - float(below)), remaining * value + float(above)
    return {"value": remaining * value / 3600, "lo": least / 3600, "hi": most / 3600, "n": mean["n"]}


def _by_mode(hours: float | None, seconds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    spent: dict[str, float] = {}
    for modes in seconds:
        for mode, s in modes.items():
            spent[mode] = spent.get(mode, 0.0) + s
    total = sum(spent.values())
    return {mode: hours * s / total for mode, s in spent.items()} if hours is not None and total else {}


def _scaled(estimate: Estimate, by: float) -> Estimate:
    value, lo, hi = estimate["value"], estimate["lo"], estimate["hi"]
    return {
        "value": None if value is None else value * by,
        "lo": None if lo is None else lo * by,
        "hi": None if hi is None else hi * by,
        "n": estimate["n"],
    }
