"""Lets the tests that commit empty the database between them, the audit trail too, which refuses that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.postgresql.operations import DatabaseOperations

_TABLE = "harvest_auditevent"
_flush = DatabaseOperations.sql_flush


def _with_the_trail(self: Any, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
    statements = list(_flush(self, style, tables, **options))
    if _TABLE not in tables:
        return statements
    off, on = (f"ALTER TABLE {_TABLE} {word} TRIGGER keep_audit;" for word in ("DISABLE", "ENABLE ALWAYS"))
    return [off, *statements, on]


def allow_flush() -> None:
    DatabaseOperations.sql_flush = _with_the_trail  # type: ignore[method-assign]
