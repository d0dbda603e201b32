"""Writing the audit trail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from harvest.domain import AuditAction, AuditOutcome
from harvest.models import AuditEvent


def record(
    action: AuditAction,
    *,
    user: Any = None,
    outcome: AuditOutcome = AuditOutcome.DONE,
    kind: str = "",
    object_id: str = "",
    cohort: UUID | None = None,
    address: str = "",
    via: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Adds an event, in one statement; the database numbers it and hangs it on the chain."""
    known = user is not None and user.is_authenticated
    AuditEvent.objects.create(
        action=action,
        actor_id=user.pk if known else None,
        actor=user.get_username() if known else "",
        outcome=outcome,
        kind=kind,
        object_id=object_id,
        cohort=cohort,
        address=address,
        via=via,
        detail=detail or {},
    )
