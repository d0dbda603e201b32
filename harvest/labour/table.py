"""The ledger as a table that a spreadsheet opens."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The header and one line a row (RFC 4180), as they come.

    >>> "".join(csv_lines(["reader", "seconds"], [{"reader": "ann", "seconds": 1.5}]))
    'reader,seconds\\r\\nann,1.5\\r\\n'
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns)
    writer.writeheader()
    for row in rows:
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(row)
    yield buffer.getvalue()
