"""The figures of one run, or of two side by side."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from tests.bench.queue.loop import Times

LIMITS_MS = {"next study": 20, "verdict": 30, "list page": 200}


def figure(taken: list[float]) -> str:
    """Median and 95th percentile in ms, with how many there were."""
    if len(taken) < 2:
        return "not measured"
    p95 = statistics.quantiles(taken, n=20)[-1]
    return f"{statistics.median(taken):.1f} / {p95:.1f} ({len(taken)})"


def table(runs: Mapping[str, Times]) -> str:
    """Median / p95 in ms (how many) of each run, by what was asked."""
    names = list(dict.fromkeys(what for times in runs.values() for what in times))
    lines = [
        f"| asked, median / p95 ms | {' | '.join(runs)} | limit, p95 |",
        "|---|" + "---|" * (len(runs) + 1),
    ]
    for what in names:
        cells = " | ".join(figure(times.get(what, [])) for times in runs.values())
        lines.append(f"| {what} | {cells} | {LIMITS_MS.get(what, '')} |")
    return "\n".join(lines)
