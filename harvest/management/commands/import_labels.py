"""`manage.py import_labels FILE --cohort NAME`: pathology labels from a CSV or XLSX table."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from harvest.domain import RowState
from harvest.errors import HarvestError
from harvest.management.base import HarvestCommand, Report
from harvest.models import Cohort
from harvest.selectors.cohorts import cohort_named
from harvest.selectors.labels import Fit
from harvest.selectors.studies import study_named
from harvest.services.label_files import MAX_BYTES
from harvest.services.labels import WINDOW_DAYS, apply_labels, preview_labels, undo_labels


class Command(HarvestCommand):
    help = "previews, applies or undoes pathology labels of studies from a CSV or XLSX table"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
        parser.add_argument("--cohort", metavar="NAME")
        parser.add_argument(
            "--window-days",
            type=int,
            default=WINDOW_DAYS,
            help="from the study to the procedure, at most",
        )
        parser.add_argument(
            "--choose",
            action="append",
            default=[],
            metavar="ROW=STUDY",
            help="answer a question: the study's number or id in the cohort, or none to leave the row out",
        )
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--preview", action="store_true", help="change nothing (the default)")
        what.add_argument("--apply", action="store_true", help="give the studies of ready rows their class")
        what.add_argument("--undo", metavar="ID", help="take an applied table back")

    def run(self, options: dict[str, Any]) -> Report:
        if options["undo"]:
            return _undone(options["undo"])
        if options["file"] is None or not options["cohort"]:
            raise HarvestError("Name the table and its --cohort, or --undo an import.", code="invalid")
        cohort = cohort_named(options["cohort"])
        given: dict[str, Any] = {
            "cohort": cohort,
            "data": _bytes_of(options["file"]),
            "window_days": options["window_days"],
            "choices": _choices(cohort, options["choose"]),
        }
        if not options["apply"]:
            return _report(preview_labels(**given), applied=None)
        made, told = apply_labels(**given)
        return _report(told, applied=str(made.pk))


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise HarvestError("The table cannot be read. Check its path.", code="not_found") from error


def _choices(cohort: Cohort, texts: list[str]) -> dict[int, UUID | None]:
    chosen: dict[int, UUID | None] = {}
    for text in texts:
        row, separator, study = text.partition("=")
        if not separator or not row.isdecimal():
            raise HarvestError("--choose wants ROW=STUDY, for example --choose 7=12.", code="invalid")
        chosen[int(row)] = None if study == "none" else study_named(cohort_id=cohort.pk, name=study).pk
    return chosen


def _undone(text: str) -> Report:
    try:
        row, kept = undo_labels(id=UUID(text))
    except ValueError as error:
        raise HarvestError("--undo wants the id that --apply printed.", code="invalid") from error
    lines = [f"{len(row.changes)} labels taken back."]
    if kept:
        lines.append(f"{kept} studies were changed since and keep their class.")
    return Report({"id": str(row.pk), "changes": len(row.changes), "kept": kept}, lines)


def _report(told: list[Fit], *, applied: str | None) -> Report:
    counts = Counter(f.state.value for f in told)
    data = {
        "applied": applied,
        "counts": {state.value: counts[state] for state in RowState},
        "rows": [_row(f) for f in told],
    }
    lines = [_line(f) for f in told if f.state in (RowState.QUESTION, RowState.ERROR)]
    lines.append(", ".join(f"{counts[state]} {state}" for state in RowState) + ".")
    if applied:
        lines.append(f"Applied. To take it back: manage.py import_labels --undo {applied}")
    else:
        lines.append("Nothing was changed: this is a preview. Add --apply.")
    return Report(data, lines, ok=not (counts[RowState.QUESTION] or counts[RowState.ERROR]))


def _line(fit: Fit) -> str:
    choices = "; ".join(
        f"{s.ordinal}" + (f" ({fit.days(s)} days before)" if fit.days(s) is not None else "")
        for s in fit.choices
    )
    asked = f" Studies: {choices}. Say --choose {fit.number}=STUDY." if fit.choices else ""
    return f"Row {fit.number}: {fit.message}{asked}"


def _row(fit: Fit) -> dict[str, Any]:
    return {
        "row": fit.number,
        "state": fit.state,
        "code": fit.code,
        "message": fit.message,
        "lesion_class": fit.row.lesion_class if fit.row else None,
        "procedure": fit.row.procedure if fit.row else None,
        "study": fit.study.ordinal if fit.study else None,
        "choices": [{"study": s.ordinal, "days_before": fit.days(s)} for s in fit.choices],
    }
