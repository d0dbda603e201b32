"""Reading the audit trail: events, the table of them, and whether the chain holds."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from harvest.models import AuditEvent

COLUMNS = (
    "id",
    "at",
    "actor",
    "action",
    "outcome",
    "kind",
    "object_id",
    "cohort",
    "address",
    "via",
    "detail",
    "previous",
    "hash",
)
_AT_ONCE = 2000


def events(
    *,
    actor: str | None = None,
    action: str | None = None,
    cohort: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEvent]:
    """Events of an actor, an action, a cohort, and a time in [since, until); newest first."""
    given = {"actor": actor, "action": action, "cohort": cohort, "at__gte": since, "at__lt": until}
    asked = {name: value for name, value in given.items() if value is not None}
    return AuditEvent.objects.filter(**asked).order_by("-id")


class _Line:
    """A file whose writes are returned, so that a writer of CSV makes one line at a time."""

    def write(self, text: str) -> str:
        return text


def table(rows: QuerySet[AuditEvent]) -> Iterator[str]:
    """The events as CSV, a line at a time, with their hashes."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for row in rows.iterator(_AT_ONCE):
        values = {name: getattr(row, name) for name in COLUMNS}
        shown = {"at": row.at.astimezone(UTC).isoformat(), "detail": json.dumps(row.detail, sort_keys=True)}
        yield writer.writerow(_tame(value) for value in (values | shown).values())


def _tame(value: Any) -> str:
    """A value that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


@dataclass(frozen=True, slots=True)
class Chain:
    """Whether the trail is whole.

    `broken_at` is the first row that was changed, or whose predecessor was changed or taken out; None where
    the chain holds. `head` is the newest hash: kept elsewhere, it shows whether the newest rows were cut off.
    `has_expected`: the hash that was asked for is in the chain; None where none was.
    """

    rows: int
    head: str
    broken_at: int | None
    has_expected: bool | None

    @property
    def holds(self) -> bool:
        return self.broken_at is None and self.has_expected is not False


def verify(expected: str = "") -> Chain:
    """Goes through the whole trail and computes every hash anew, without the database's help."""
    rows, head, last, met = 0, "", 0, False
    columns = [name for name in COLUMNS if name != "detail"]
    found = AuditEvent.objects.annotate(detail_text=Cast("detail", TextField())).order_by("id")
    for row in found.values("actor_id", "detail_text", *columns).iterator(_AT_ONCE):
        if row["id"] != last + 1 or row["previous"] != head or row["hash"] != _hash(row):
            return Chain(rows, head, row["id"], met if expected else None)
        rows, head, last = rows + 1, row["hash"], row["id"]
        met = met or head == expected
    return Chain(rows, head, None, met if expected else None)


def _hash(row: dict[str, Any]) -> str:
    """What harvest_chain_audit() computes: SHA-256 of a JSON array of the row's texts."""
    texts = [
        row["previous"],
        str(row["id"]),
        row["at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f"),
        *("" if row[name] is None else str(row[name]) for name in ("actor_id", "actor", "action", "outcome")),
        *("" if row[name] is None else str(row[name]) for name in ("kind", "object_id", "cohort")),
        row["address"],
        row["via"],
        row["detail_text"],
    ]
    return hashlib.sha256(json.dumps(texts, ensure_ascii=False).encode()).hexdigest()
