"""Rows in states that a test needs and no service reaches in one step."""

from __future__ import annotations

from typing import Any

from django.db import connection, models, transaction


def put(row: models.Model, **values: Any) -> None:
    """Writes values of a row while the database's guards of its states look away."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        type(row)._default_manager.filter(pk=row.pk).update(**values)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    row.refresh_from_db()
