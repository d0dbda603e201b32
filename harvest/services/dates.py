"""Dates as they are kept: moved by a secret number of days, the same for everything of a subject."""

from __future__ import annotations

from datetime import date

from django.conf import settings

from detector.deidentify import keyed

# Nobody scanned by CT was examined before; what lies there is a header's filler.
EARLIEST_YEAR = 1970


def shifted(day: date | None, pseudonym: str) -> date | None:
    """The day moved back by the subject's own number of days; None for none, and for a filler (year 1, say).

    Distances between a subject's days stay what they were; between subjects they mean nothing. There is no
    way back without the installation's key.
    """
    if day is None or day.year < EARLIEST_YEAR:
        return None
    return keyed.shifted(settings.PSEUDONYM_KEY, pseudonym, day)
