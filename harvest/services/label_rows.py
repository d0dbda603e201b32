"""Rows of a table of labels: what each says, hashed at once, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from detector.datasets.classes import class_named
from harvest.domain import LabelRow, LesionClass, Procedure, RowProblem
from harvest.errors import HarvestError
from harvest.services.dates import EARLIEST_YEAR, shifted
from harvest.services.label_files import Cell, Row
from harvest.services.taking import pseudonym_of

COLUMNS: dict[str, tuple[str, ...]] = {
    "subject": ("subject", "subject id", "patient", "patient id", "patientid", "pid", "patienten id"),
    "pathology": ("pathology", "diagnosis", "histology", "lesion class", "class", "pathologie", "diagnose"),
    "date": ("date", "procedure date", "date of procedure", "operation date", "biopsy date", "datum"),
    "procedure": ("procedure", "procedure type", "type of procedure", "prozedur"),
}
NEEDED = ("subject", "pathology", "date")
PROCEDURES: dict[Procedure, tuple[str, ...]] = {
    Procedure.RESECTION: ("surgery", "hepatectomy", "lobectomy", "segmentectomy", "operation", "resektion"),
    Procedure.BIOPSY: ("core biopsy", "needle biopsy", "fna", "fine needle aspiration", "biopsie"),
    Procedure.TRANSPLANTATION: ("transplant", "liver transplantation", "explant", "transplantation"),
    Procedure.ABLATION: ("rfa", "mwa", "radiofrequency ablation", "microwave ablation"),
    Procedure.IMAGING: ("follow up", "imaging follow up", "radiology", "bildgebung"),
    Procedure.OTHER: (),
}
_PROCEDURE = {name: key for key, names in PROCEDURES.items() for name in (key.value, *names)}
_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y")


def read_rows(table: Sequence[Row]) -> tuple[list[LabelRow], list[RowProblem]]:
    """What the rows below the header say, and what is wrong, each under its row's number. From here on the
    table's identifiers are gone: a row has a pseudonym and a shifted date.

    Raises:
        HarvestError: code table_columns where the header lacks a column or has one twice.
    """
    (_, header), *body = table
    places = _places(header)
    rows: list[LabelRow] = []
    problems: list[RowProblem] = []
    for number, cells in body:
        try:
            rows.append(_row(number, cells, places))
        except HarvestError as error:
            problems.append(RowProblem(number, error.code, error.message))
    return rows, problems


def _places(header: Sequence[Cell]) -> dict[str, int]:
    names = [_words(str(cell)) for cell in header]
    places: dict[str, int] = {}
    for column, known in COLUMNS.items():
        there = [i for i, name in enumerate(names) if name in known]
        if len(there) > 1:
            raise HarvestError(f"The table has two columns for the {column}. Keep one.", code="table_columns")
        if there:
            places[column] = there[0]
    if missing := [c for c in NEEDED if c not in places]:
        raise HarvestError(
            f"The table's first row names no column {', '.join(missing)}. "
            f"It needs {', '.join(NEEDED)}; procedure may be there, too.",
            code="table_columns",
        )
    return places


def _row(number: int, cells: Sequence[Cell], places: dict[str, int]) -> LabelRow:
    said = {c: cells[i] if i < len(cells) else "" for c, i in places.items()}
    subject = str(said["subject"])
    if not subject:
        raise HarvestError("The row names no subject.", code="no_subject")
    name = class_named(str(said["pathology"]))
    if name is None:
        raise HarvestError(
            f"The pathology is none that is known. One of: {', '.join(LesionClass)}.",
            code="unknown_pathology",
        )
    on = shifted(_date(said["date"]), subject)
    if on is None:
        raise HarvestError("The date is too long ago to be right.", code="bad_date")
    return LabelRow(
        number, pseudonym_of(subject), LesionClass(name), on, _procedure(str(said.get("procedure", "")))
    )


def _date(cell: Cell) -> date:
    if isinstance(cell, date):
        return cell
    for form in _FORMATS:
        try:
            return datetime.strptime(cell, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    # 01/02/2020 is two days, and the wrong one is a wrong label.
    raise HarvestError(
        f"The date is missing or cannot be told for sure (from {EARLIEST_YEAR} on). Write it as YYYY-MM-DD.",
        code="bad_date",
    )


def _procedure(text: str) -> Procedure | None:
    if not text:
        return None
    found = _PROCEDURE.get(_words(text))
    if found is None:
        raise HarvestError(
            f"The procedure is none that is known. One of: {', '.join(Procedure)}.", code="unknown_procedure"
        )
    return found


def _words(text: str) -> str:
    return " ".join(re.sub(r"[^\w]+|_", " ", text.casefold()).split())
