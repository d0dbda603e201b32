"""Tables that people hand in are read as they look in a spreadsheet; hostile ones are refused by name."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from harvest.errors import HarvestError
from harvest.services import label_files
from harvest.services.label_files import read_table


def xlsx(*rows: list[object]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(out)
    return out.getvalue()


def code_of(data: bytes) -> str:
    with pytest.raises(HarvestError) as caught:
        read_table(data)
    assert caught.value.message
    return caught.value.code


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv_is_read_whatever_a_spreadsheet_made_of_it(delimiter: str, encoding: str) -> None:
    text = "\r\n".join([delimiter.join(["subject", "Diagnose"]), "", delimiter.join(["7", '"Hämangiom"'])])
    assert read_table(text.encode(encoding)) == [(1, ["subject", "Diagnose"]), (3, ["7", "Hämangiom"])]


def test_xlsx_keeps_dates_and_gives_whole_numbers_without_a_point() -> None:
    data = xlsx(["subject", "date"], [12.0, datetime(2020, 1, 31)], [], ["A1", date(2020, 2, 1)])  # noqa: DTZ001
    assert read_table(data) == [
        (1, ["subject", "date"]),
        (2, ["12", date(2020, 1, 31)]),
        (4, ["A1", date(2020, 2, 1)]),
    ]


def test_formulas_are_not_computed_and_give_their_last_value_or_nothing() -> None:
    assert read_table(xlsx(["subject"], ["=1+1"], ["x"])) == [(1, ["subject"]), (3, ["x"])]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "table_empty"),
        (b"\n\n ,\n", "table_empty"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "table_encrypted"),
        (b"PK\x03\x04 and then nothing", "table_unreadable"),
        (b"a,b\n\0\0,1\n", "table_unreadable"),
        (b'subject\n"never closed', "table_unreadable"),
        (b"x" * (label_files.MAX_BYTES + 1), "table_too_large"),
        (b"subject\n" + b"x" * 3000, "table_too_large"),
        (b"subject\n" + b"1\n" * (label_files.MAX_ROWS + 1), "table_too_large"),
        (b"a," * 500 + b"\n", "table_too_large"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_as_many_rows_as_are_allowed_are_read() -> None:
    assert len(read_table(b"subject\n" + b"1\n" * label_files.MAX_ROWS)) == label_files.MAX_ROWS + 1


def test_workbook_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (label_files.MAX_UNPACKED + 1))
    assert len(out.getvalue()) < label_files.MAX_BYTES
    assert code_of(out.getvalue()) == "table_too_large"


def test_entities_that_grow_without_end_are_refused() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a0 "xxxxxxxxxx">'
    bomb += "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)) + "]><w>&a9;</w>"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(["subject"]))) as good, zipfile.ZipFile(out, "w") as bad:
        for info in good.infolist():
            text = bomb if info.filename == "xl/worksheets/sheet1.xml" else good.read(info)
            bad.writestr(info, text)
    assert code_of(out.getvalue()) in ("table_unreadable", "table_empty")


def test_damaged_workbooks_never_raise_anything_else() -> None:
    whole, chance = xlsx(["subject", "date"], ["7", "x"]), random.Random(5)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 40)):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        try:
            read_table(bytes(data))
        except HarvestError as error:
            code = error.code
            assert code.startswith("table_")


def test_a_workbook_packed_by_a_zip_of_the_future_is_refused_by_name() -> None:
    data = bytearray(xlsx(["subject", "date"], ["7", "x"]))
    # "Version needed to extract", in the first entry of the archive's directory.
    data[data.index(b"PK\x01\x02") + 6] = 99
    assert code_of(bytes(data)) == "table_unreadable"


@given(st.binary(max_size=400))
def test_any_bytes_are_rows_or_a_named_refusal(data: bytes) -> None:
    try:
        rows = read_table(data)
    except HarvestError as error:
        assert error.code.startswith("table_")  # noqa: PT017
    else:
        assert all(any(cells) for _, cells in rows)
