"""Tables that people hand in, CSV or XLSX, as rows of text and dates; hostile ones are refused by name."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice

from openpyxl import load_workbook

from harvest.errors import HarvestError

MAX_BYTES = 10 * 1024**2
MAX_UNPACKED = 100 * 1024**2
MAX_ROWS = 20_000
MAX_COLUMNS = 100
_MAX_CELL = 2000
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"

Cell = str | date
Row = tuple[int, list[Cell]]


def read_table(data: bytes) -> list[Row]:
    """(row number, cells) of every row that is not empty, the header's among them; the kind of file is known
    by its content. Row numbers are those a spreadsheet shows.

    Raises:
        HarvestError: codes table_too_large, table_encrypted, table_unreadable and table_empty.
    """
    if len(data) > MAX_BYTES:
        raise _refused("too_large", f"The file is larger than {MAX_BYTES // 1024**2} MB.", "Split it.")
    if data.startswith(_OLD_OFFICE):
        raise _refused(
            "encrypted", "The file is encrypted, or an old XLS.", "Save it as XLSX or CSV without a password."
        )
    raw = _xlsx(data) if data.startswith(b"PK\x03\x04") else _csv(data)
    # Beyond the limit one row is looked at, so that the limit itself is no error.
    rows = [(n, cells) for n, cells in islice(raw, MAX_ROWS + 2) if any(cells)]
    if len(rows) > MAX_ROWS + 1:
        raise _refused("too_large", f"The table has more than {MAX_ROWS} rows.", "Split it.")
    if not rows:
        raise _refused("empty", "The table is empty.", "Its first row names the columns.")
    return rows


def _csv(data: bytes) -> Iterator[Row]:
    if b"\0" in data:
        raise _unreadable()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True), 1):
            yield number, _kept(number, cells)
    except csv.Error as error:
        raise _unreadable() from error


def _xlsx(data: bytes) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise _unreadable() from error
    if unpacked > MAX_UNPACKED:
        raise _refused("too_large", "The file unpacks to more than a table can have.", "Save it as CSV.")
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        # What the sheet says of its own size may be wrong, in either direction.
        sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            yield number, _kept(number, cells)
    except HarvestError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # a damaged workbook raises nearly anything
        raise _unreadable() from error


def _kept(number: int, cells: Iterable[object]) -> list[Cell]:
    kept = [_cell(c) for c in cells]
    while kept and kept[-1] == "":
        kept.pop()
    if len(kept) > MAX_COLUMNS or any(isinstance(c, str) and len(c) > _MAX_CELL for c in kept):
        raise _refused("too_large", f"Row {number} has more in it than a row of labels.", "Look at that row.")
    return kept


def _cell(value: object) -> Cell:
    """A number such as 12.0 is the identifier 12: spreadsheets know no whole numbers."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def _unreadable() -> HarvestError:
    return _refused("unreadable", "The file is no CSV or XLSX table, or it is damaged.", "Save it again.")


def _refused(code: str, message: str, remedy: str) -> HarvestError:
    return HarvestError(f"{message} {remedy}", code=f"table_{code}")
