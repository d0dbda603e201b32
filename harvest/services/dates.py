"""Dates as they are kept: moved by a secret number of days, the same for everything of a subject."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

from django.conf import settings

# Nobody scanned by CT was examined before; what lies there is a header's filler.
EARLIEST_YEAR = 1970
_MOST_DAYS = 3650


def shifted(day: date | None, subject_key: str) -> date | None:
    """The day moved back by the days of a subject (its raw identifier); None for none and for a filler.

    Distances between a subject's days stay what they were; between subjects they mean nothing. There is no
    way back without the installation's key.
    """
    if day is None or day.year < EARLIEST_YEAR:
        return None
    name = f"days {subject_key}".encode("utf-8", "surrogateescape")
    digest = hmac.new(settings.PSEUDONYM_KEY, name, hashlib.sha256).digest()
    return date.fromordinal(day.toordinal() - 1 - int.from_bytes(digest[:8], "big") % _MOST_DAYS)
