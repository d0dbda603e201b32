"""How long a cohort will still take its readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import hypot

import numpy as np

from detector.evaluation.bootstrap import Estimate
from harvest.labour.means import mapped, mean_seconds

PACE_DAYS = 14
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Work:
    """Readings of one kind: how many are to come, and the active seconds by mode of those that are done."""

    remaining: int
    done: Sequence[Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Forecast:
    """`hours` to read what remains, and how they divide over the modes (click, draw, adjudicate) if these
    keep their shares; `days` on the calendar at the present pace. Null where some kind of work remains of
    which nothing has been read."""

    remaining: int
    hours: Estimate
    hours_by_mode: dict[str, float]
    hours_a_day: float | None
    days: Estimate


def forecast(work: Sequence[Work], by_day: Mapping[date, float], *, today: date) -> Forecast:
    """From the readings that were finished to those that remain.

    The interval holds what the mean of a reading may be and, independent of it, how readings differ among
    themselves: that matters where few remain. Kinds of work are independent of each other.

    Args:
        by_day: active seconds by day, of all readers.
        today: the pace is of the last 14 days with any reading, idle days between them and until today
            counted too.
    """
    parts = [_hours(part) for part in work]
    hours = _sum(parts)
    by_mode: dict[str, float] = {}
    for part, estimate in zip(work, parts, strict=True):
        for mode, share in _shares(part.done).items():
            by_mode[mode] = by_mode.get(mode, 0.0) + share * (estimate["value"] or 0.0)
    pace = hours_a_day(by_day, today=today)
    days: Estimate = {"value": None, "lo": None, "hi": None, "n": hours["n"]}
    if pace is not None:
        a_day = pace
        days = mapped(hours, lambda hours: hours / a_day)
    return Forecast(sum(part.remaining for part in work), hours, by_mode, pace, days)


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


def _hours(work: Work) -> Estimate:
    totals = [sum(modes.values()) for modes in work.done]
    mean, remaining = mean_seconds(totals), work.remaining
    value, lo, hi = mean["value"], mean["lo"], mean["hi"]
    if not remaining:
        return {"value": 0.0, "lo": 0.0, "hi": 0.0, "n": len(totals)}
    if value is None or lo is None or hi is None:
        return mapped(mean, lambda seconds: remaining * seconds / 3600)
    noise = Z * float(np.std(totals, ddof=1)) * remaining**0.5
    below, above = (hypot(remaining * (end - value), noise) for end in (lo, hi))
    least, most = max(0.0, remaining * value - below), remaining * value + above
    return {"value": remaining * value / 3600, "lo": least / 3600, "hi": most / 3600, "n": mean["n"]}


def _sum(parts: Sequence[Estimate]) -> Estimate:
    """Of independent estimates; null where one of them is, without an interval where one has none."""
    n = sum(part["n"] for part in parts)
    values = [part["value"] for part in parts if part["value"] is not None]
    if not n or len(values) < len(parts):
        return {"value": None, "lo": None, "hi": None, "n": n}
    value = sum(values)
    below, above = (
        [abs(far - v) for part, v in zip(parts, values, strict=True) if (far := part[end]) is not None]
        for end in ("lo", "hi")
    )
    if len(below) < len(parts) or len(above) < len(parts):
        return {"value": value, "lo": None, "hi": None, "n": n}
    return {"value": value, "lo": max(0.0, value - hypot(*below)), "hi": value + hypot(*above), "n": n}


def _shares(done: Sequence[Mapping[str, float]]) -> dict[str, float]:
    spent: dict[str, float] = {}
    for modes in done:
        for mode, s in modes.items():
            spent[mode] = spent.get(mode, 0.0) + s
    total = sum(spent.values())
    return {mode: s / total for mode, s in spent.items()} if total else {}
