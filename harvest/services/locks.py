"""Locks that are PostgreSQL's own, so that a task sent twice runs once at a time, on any number of hosts. A
lost worker's locks go with its connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection


@contextmanager
def one_at_a_time(id: UUID) -> Iterator[bool]:
    """Gives True to the one that holds the lock of this id alone, False to others."""
    with _lock(id, "pg_try_advisory_lock", "pg_advisory_unlock") as held:
        yield held


@contextmanager
def in_turn(id: UUID) -> Iterator[None]:
    """Waits for the lock of this id and holds it alone."""
    with _lock(id, "pg_advisory_lock", "pg_advisory_unlock"):
        yield


@contextmanager
def together(id: UUID) -> Iterator[bool]:
    """Gives True to all that hold the lock of this id together, False while one holds it alone."""
    with _lock(id, "pg_try_advisory_lock_shared", "pg_advisory_unlock_shared") as held:
        yield held


@contextmanager
def _lock(id: UUID, take: str, give_back: str) -> Iterator[bool]:
    key = id.int & (2**63 - 1)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {take}(%s)", [key])
        held = cursor.fetchone()[0] is not False  # one that waits gives nothing
    try:
        yield held
    finally:
        if held:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {give_back}(%s)", [key])
