"""When a slice was acquired, as far as its header says so in any of the ways headers say it."""

from __future__ import annotations

import re
from datetime import date

from detector.ingest.dicom_file import Fields

_DAY_SECONDS = 86400
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2}(?:\.\d+)?)?")


def date_of(text: str) -> date | None:
    """A DICOM date (YYYYMMDD, or the old YYYY.MM.DD), None where it is none.

    >>> date_of("1998.02.15")
    datetime.date(1998, 2, 15)
    """
    digits = text.replace(".", "").replace("-", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def seconds_of(text: str) -> float | None:
    """A DICOM time (HH, HHMM, HHMMSS.FFFFFF, or the old HH:MM:SS) as seconds since midnight.

    >>> seconds_of("083015.5"), seconds_of("08:30"), seconds_of("noon")
    (30615.5, 30600.0, None)
    """
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    total = hours * 3600 + minutes * 60 + seconds
    return total if hours < 24 and minutes < 60 and seconds <= 60 else None


def seconds_of_datetime(text: str) -> float | None:
    """The time of a DICOM date with time (YYYYMMDDHHMMSS.FFFFFF&ZZXX) as seconds since midnight.

    >>> seconds_of_datetime("20200131083015+0100")
    30615.0
    """
    return seconds_of(re.split("[+-]", text[8:])[0])


def acquired_at(fields: Fields) -> float | None:
    """Seconds from the midnight before the study to the acquisition, else to the making of the image.

    A study that runs past midnight goes on above 86400, so that the order of its phases stays. None where
    the header gives no time.
    """
    study = date_of(fields.text("StudyDate"))
    joined = fields.text("AcquisitionDateTime")
    for day, seconds in (
        (fields.text("AcquisitionDate"), seconds_of(fields.text("AcquisitionTime"))),
        (joined[:8], seconds_of_datetime(joined)),
        (fields.text("ContentDate"), seconds_of(fields.text("ContentTime"))),
    ):
        if seconds is not None:
            that_day = date_of(day)
            nights = (that_day - study).days if study and that_day else 0
            return seconds + _DAY_SECONDS if nights == 1 else seconds
    return None
