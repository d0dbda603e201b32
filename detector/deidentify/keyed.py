"""What stands for an identifier once it is taken out: the same for the same one, and no way back without the
installation's key. Pure functions of a key of at least 32 bytes."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta

PSEUDONYM_LENGTH = 16
# Ten years: the shift hides the year of an examination too, as PS3.15 wants of modified dates.
MAX_SHIFT_DAYS = 3650


def pseudonym(key: bytes, subject: str) -> str:
    """16 hexadecimal digits for a patient's identifier: the same in every cohort and import.

    >>> pseudonym(b"k" * 32, "Doe") == pseudonym(b"k" * 32, "Doe") != pseudonym(b"k" * 32, "Roe")
    True
    """
    return _digest(key, subject).hex()[:PSEUDONYM_LENGTH]


def remapped_uid(key: bytes, uid: str) -> str:
    """A valid DICOM UID (2.25.<integer>) in place of another; "" stays "".

    >>> remapped_uid(b"k" * 32, "1.2.3").startswith("2.25.")
    True
    """
    if not uid:
        return ""
    return f"2.25.{int.from_bytes(_digest(key, f'uid {uid}')[:16], 'big')}"


def shift_days(key: bytes, name: str) -> int:
    """By how many days the dates of a pseudonym go back: the same for all of them, so that intervals stay; 1
    to 3650."""
    return 1 + int.from_bytes(_digest(key, f"days {name}")[:8], "big") % MAX_SHIFT_DAYS


def shifted(key: bytes, name: str, day: date) -> date:
    """A date of a pseudonym, moved back by its shift; where that is too early, the first there is.

    >>> from datetime import date
    >>> a, b = (shifted(b"k" * 32, "Doe", date(2020, 1, d)) for d in (1, 15))
    >>> (b - a).days
    14
    """
    try:
        return day - timedelta(days=shift_days(key, name))
    except OverflowError:
        return date.min


def _digest(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
