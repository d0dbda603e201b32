"""A lock that is PostgreSQL's own, so that a task sent twice runs once at a time, on any number of hosts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection


@contextmanager
def one_at_a_time(id: UUID) -> Iterator[bool]:
    """Gives True to the one that holds the lock of this id, False to others. A lost worker's lock goes
    with its connection."""
    key = id.int & (2**63 - 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
