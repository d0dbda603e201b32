"""Querysets whose SQL is written once. Where a person waits for a dozen small queries, Django takes longer to
write each than the database to answer it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)
_READER = -1  # no user's id


@dataclass(frozen=True, slots=True)
class _Written:
    """SQL and its parameters, and which of them are the asked ids and the reader's id."""

    sql: str
    params: tuple[Any, ...]
    ids: dict[int, int]
    reader: frozenset[int]


class Compiled(Generic[M]):
    """`build(ids, reader_id)` gives the queryset: one model's own columns, no related rows with it."""

    def __init__(self, model: type[M], build: Callable[[Sequence[UUID], int], QuerySet[M]]) -> None:
        self._model = model
        self._build = build
        self._written: dict[int, _Written] = {}
        fields = model._meta.concrete_fields
        self._names = [field.attname for field in fields]
        self._converters = [(n, f.from_db_value) for n, f in enumerate(fields) if hasattr(f, "from_db_value")]

    def rows(self, ids: Sequence[UUID], reader_id: int) -> list[M]:
        """What the queryset finds, in its order."""
        if not ids:
            return []
        written = self._written.get(len(ids)) or self._write(len(ids))
        params = list(written.params)
        for place, number in written.ids.items():
            params[place] = ids[number]
        for place in written.reader:
            params[place] = reader_id
        with connection.cursor() as cursor:
            cursor.execute(written.sql, params)
            found = cursor.fetchall()
        return [self._model.from_db(connection.alias, self._names, self._values(row)) for row in found]

    def _values(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for place, convert in self._converters:
            values[place] = convert(values[place], None, connection)
        return values

    def _write(self, count: int) -> _Written:
        stand_ins = [uuid4() for _ in range(count)]
        sql, params = self._build(stand_ins, _READER).query.sql_with_params()
        number = {id: n for n, id in enumerate(stand_ins)}
        ids = {place: number[p] for place, p in enumerate(params) if isinstance(p, UUID) and p in number}
        reader = frozenset(place for place, p in enumerate(params) if p == _READER)
        self._written[count] = _Written(sql, tuple(params), ids, reader)
        return self._written[count]
