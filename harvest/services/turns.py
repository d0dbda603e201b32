"""Turns: transactions that must not run at once wait for each other by name, on any number of hosts."""

from __future__ import annotations

from django.db import connection


def take_turn(name: str) -> None:
    """Waits for the turn of that name and keeps it until the current transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"harvest.{name}"])
