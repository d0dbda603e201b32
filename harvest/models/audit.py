"""The audit trail: who did what, when, from where."""

from __future__ import annotations

from django.db import models

from harvest.domain import AuditAction, AuditOutcome
from harvest.models.base import choices


class AuditEvent(models.Model):
    """One thing done or refused. Rows are only ever added: the database refuses every other statement, and
    fills in `previous` and `hash`, the chain that harvest/selectors/audit.py follows.

    The actor and the cohort are written as they were, with no foreign keys: the trail outlives them. `via` is
    session, admin, command or the name of a token; `detail` holds no identifier of a patient.
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor_id = models.IntegerField(null=True)
    actor = models.CharField(max_length=150, blank=True, db_index=True)
    action = models.CharField(max_length=16, choices=choices(AuditAction), db_index=True)
    outcome = models.CharField(max_length=8, choices=choices(AuditOutcome), default=AuditOutcome.DONE)
    kind = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    cohort = models.UUIDField(null=True, db_index=True)
    address = models.CharField(max_length=45, blank=True)
    via = models.CharField(max_length=100, blank=True)
    detail = models.JSONField(default=dict)
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("id",)
