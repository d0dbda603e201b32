"""Errors of the application. `code` is for programs, `message` for people, `status` for HTTP."""

from __future__ import annotations

from typing import Any


class HarvestError(Exception):
    """Base of every expected failure; never holds an identifier of a patient or an absolute path."""

    code = "harvest_error"
    status = 400

    def __init__(
        self, message: str, *, code: str | None = None, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.details = details or {}


class NotFound(HarvestError):
    code = "not_found"
    status = 404


class InvalidTransition(HarvestError):
    """The thing is not in a state from which this may be done."""

    code = "invalid_transition"
    status = 409


class Conflict(HarvestError):
    code = "conflict"
    status = 409


class GateRefused(HarvestError):
    """A version is not promoted: the gate did not let it through, and nobody said why it should be."""

    code = "gate_refused"
    status = 409


class NotReady(HarvestError):
    """The study's phases do not lie on one grid yet."""

    code = "not_ready"
    status = 409


class PermanentError(HarvestError):
    """Trying again cannot help: bad input, missing data."""

    code = "permanent"


class StorageFull(HarvestError):
    code = "storage_full"
    status = 507


class StoreUnreachable(HarvestError):
    """The S3 bucket does not give or take. What a worker was at may be tried again later."""

    code = "bucket_unreachable"
    status = 503
