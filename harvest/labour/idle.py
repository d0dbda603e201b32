"""The rule that tells reading from idling: between two events of a reader at most 30 s count.

A glance at a hard study fits in, a telephone call does not; and since the rule looks at the server's own
times of events alone, no browser can make time up, lose it, or tell a hidden study from a real one by it.
"""

from __future__ import annotations

from datetime import datetime

IDLE_S = 30.0


def counted(since: datetime | None, at: datetime) -> float:
    """Seconds that count for an event: those since the reader's event before, at most IDLE_S; none for the
    first, and none where clocks ran backwards.

    >>> from datetime import timedelta
    >>> noon = datetime(2030, 1, 1, 12)
    >>> [counted(noon, noon + timedelta(seconds=s)) for s in (4, 300)], counted(None, noon)
    ([4.0, 30.0], 0.0)
    """
    return 0.0 if since is None else min(max(0.0, (at - since).total_seconds()), IDLE_S)
