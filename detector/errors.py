"""Errors of the imaging and learning package: each says what is wrong, with which thing, and what to do."""

from __future__ import annotations

from typing import Any


class DetectorError(Exception):
    """Base of every expected failure. `code` is stable for programs, `message` and `remedy` are for people.

    The text never holds a path or a DICOM value: names of patients hide in both. Callers that may show
    a path add it themselves, relative to the root the user named.
    """

    code = "detector_error"

    def __init__(self, message: str, *, remedy: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy
        self.details = details or {}


class GeometryError(DetectorError):
    """A box, grid or transform that cannot exist: empty, non-finite, or on another grid."""

    code = "geometry"


class ShapeError(DetectorError):
    """Arrays whose shapes do not fit each other."""

    code = "shape"


class ReadError(DetectorError):
    """A file or series that cannot become a volume."""

    code = "unreadable"


class ArchiveError(DetectorError):
    """An archive that is encrypted, truncated, too large once unpacked, or points outside itself."""

    code = "archive"


class PhaseError(DetectorError):
    """Phases that are missing, doubled, or cannot be told without a person."""

    code = "phases"


class PlanError(DetectorError):
    """A plan, case list or weights file that does not say what it must."""

    code = "plan"


class UnknownNameError(DetectorError):
    """A registry name nobody registered."""

    code = "unknown_name"


class TrainingError(DetectorError):
    """A training that cannot start or had to stop: no positives, NaN loss, out of memory."""

    code = "training"
