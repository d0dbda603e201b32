"""Seconds at work, measured here from what arrives, never taken from a browser.

The rule: the time between two activities of a reader counts for the later one's study and mode, up to
IDLE_S. Opening a study after a longer pause counts nothing. Verdicts, drawn boxes and finished studies are
activities, and so are the beats that a page sends while its reader moves the mouse or presses keys.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from harvest.domain import ADJUDICATION, ReadingMode
from harvest.labour.idle import IDLE_S, counted
from harvest.models import Activity, Labour, Reading

# Every click waits for it: one round trip where the ORM takes two or three.
_COUNT = """
WITH done AS (
    INSERT INTO harvest_activity (reader_id, reading_id, mode, at, seconds)
    VALUES (%(reader)s, %(reading)s, %(mode)s, %(at)s, %(seconds)s)
)
INSERT INTO harvest_labour AS held (reader_id, reading_id, mode, seconds)
SELECT %(reader)s, %(reading)s, %(mode)s, %(seconds)s WHERE %(seconds)s > 0
ON CONFLICT (reading_id, reader_id, mode) DO UPDATE SET seconds = held.seconds + excluded.seconds
"""


def record_activity(*, reading: Reading, reader: User, mode: ReadingMode, waited_s: float = 0) -> None:
    """Counts an activity of a reader. `waited_s`: how long ago it was, where it had to wait for the network;
    it is never put before the reader's last one. Belongs in the transaction of what was done."""
    now = timezone.now()
    last = latest(reader)
    at = now - timedelta(seconds=waited_s)
    if last is not None:
        at = max(at, last.at)
    seconds = counted(last.at if last else None, at)
    mode = ReadingMode.ADJUDICATE if reading.number == ADJUDICATION else mode
    told: dict[str, Any] = {
        "reader": reader.pk,
        "reading": reading.pk,
        "mode": mode.value,
        "at": at,
        "seconds": seconds,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, told)


def record_opening(*, reading_id: UUID, reader: User, adjudicate: bool) -> None:
    """A reader who comes back after a pause begins here: the pause counts for nothing."""
    last, now = latest(reader), timezone.now()
    if last is None or (now - last.at).total_seconds() > IDLE_S:
        mode = ReadingMode.ADJUDICATE if adjudicate else ReadingMode.CLICK
        Activity.objects.create(reader=reader, reading_id=reading_id, mode=mode, at=now, seconds=0)


def latest(reader: User) -> Activity | None:
    sql = "SELECT id, at FROM harvest_activity WHERE reader_id = %s ORDER BY at DESC LIMIT 1"
    return next(iter(Activity.objects.raw(sql, [reader.pk])), None)


@transaction.atomic
def recount_labour(*, reading: Reading) -> None:
    """Makes a reading's labour anew from its activities."""
    Labour.objects.filter(reading=reading).delete()
    sums = (
        Activity.objects.filter(reading=reading)
        .order_by()
        .values("reader", "mode")
        .annotate(s=Sum("seconds"))
    )
    Labour.objects.bulk_create(
        Labour(reading=reading, reader_id=row["reader"], mode=row["mode"], seconds=row["s"])
        for row in sums
        if row["s"]
    )
