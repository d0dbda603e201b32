"""Named refusals of reading: a ReadError, PhaseError or ArchiveError under a stable code of its own."""

from __future__ import annotations

from typing import Any

from detector.errors import ArchiveError, PhaseError, ReadError


def unreadable(code: str, message: str, remedy: str = "", **details: Any) -> ReadError:
    """A ReadError with a code that says which rule refused the file or series."""
    error = ReadError(message, remedy=remedy, details=details)
    error.code = code
    return error


def bad_archive(code: str, message: str, remedy: str = "", **details: Any) -> ArchiveError:
    """An ArchiveError with a code that says what is wrong with the archive."""
    error = ArchiveError(message, remedy=remedy, details=details)
    error.code = code
    return error


def bad_phases(code: str, message: str, remedy: str = "", **details: Any) -> PhaseError:
    """A PhaseError with a code of its own."""
    error = PhaseError(message, remedy=remedy, details=details)
    error.code = code
    return error
