"""The experiment's result as Markdown and CSV, and what is drawn of it. Always called a phantom result."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from detector.evaluation.matching import HEADLINE_RULE
from detector.sadt.classes import CLASSES

Result = Mapping[str, Any]
Columns = Sequence[tuple[str, str]]

DETECTION: Columns = (
    ("detector", "detector"),
    ("learnt from", "name"), ("studies", "studies"), ("P1TD-1", "p1td_1"), ("gain", "gain_1"),
    ("P1TD-10", "p1td_10"), ("gain", "gain_10"), ("mean of FROC", "froc_mean"),
)  # fmt: skip
CLASSES_COLUMNS: Columns = (
    ("learnt from", "learnt"), ("system", "system"), ("networks", "folds"), ("answer", "answer"),
    ("accuracy", "accuracy"), ("gain", "gain"), ("mean F1", "mean_f1"),
    *((f"F1 {name}", f"f1.{name}") for name in CLASSES),
    ("HCC, AUC", "hcc"), ("calibration error", "calibration_error"),
)  # fmt: skip
NAMED: Columns = (
    ("", "name"), ("accuracy", "accuracy"), ("gain", "gain"), ("mean F1", "mean_f1"), ("HCC, AUC", "hcc"),
)  # fmt: skip
KEY_SLICES: Columns = (
    ("began with", "name"), ("accuracy", "accuracy"), ("mean F1", "mean_f1"), ("F1 of primary", "f1.primary"),
    ("key slice from the box's middle, mm", "key_slice_offset_mm"), ("area's agreement", "area_agreement"),
)  # fmt: skip
CURVE: Columns = (
    ("way", "way"), ("minutes of a reader", "minutes"), ("studies read", "read"), ("P1TD-1", "p1td_1"),
    ("P1TD-10", "p1td_10"),
)  # fmt: skip


def tables(result: Result) -> dict[str, tuple[str, Columns, Sequence[Result]]]:
    """By file name a table: its title, columns and rows."""
    return {
        "table-3-detection": ("Detection (the paper's Table III)", DETECTION, result["detection"]),
        "table-2-classes": ("Classes of readers' boxes (Table II)", CLASSES_COLUMNS, result["classes"]),
        "table-4-key-slices": (
            "The key slice filter by what it began with: primary or not (Table IV)",
            KEY_SLICES,
            result["key_slices"],
        ),
        "table-5-pipelines": ("Automatic pipelines (Table V)", NAMED, result["pipelines"]),
        "ablations-detector": (
            "What parts of the detector give (gains over the whole)",
            DETECTION,
            result["detector_ablations"],
        ),
        "ablations-classes": (
            "What parts of the classifier give (gains over the whole)",
            NAMED,
            result["class_ablations"],
        ),
        "curve": ("What minutes of a reader buy", CURVE, result["curve"]),
    }


def value_at(row: Result, path: str) -> Any:
    """A value of a nested row by its dotted path; None where it has none."""
    found: Any = row
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def cell(value: Any) -> str:
    """A figure as people read it: an estimate with its interval, a dash for none.

    >>> cell({"value": 0.5, "lo": 0.25, "hi": 0.75, "n": 9}), cell(None), cell(3.26)
    ('.500 [.250, .750]', '–', '3.3')
    """
    if value is None or (isinstance(value, Mapping) and value.get("value") is None):
        return "–"
    if isinstance(value, Mapping):
        if value["lo"] is None:
            return _short(value["value"])
        return f"{_short(value['value'])} [{_short(value['lo'])}, {_short(value['hi'])}]"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _short(number: float) -> str:
    return f"{number:.3f}".replace("0.", ".", 1) if abs(number) < 1 else f"{number:.3f}"


def as_markdown(result: Result) -> str:
    """The whole result."""
    s, ledger = result["settings"], result["ledger"]
    lines = [
        "# The SaDT experiment, on phantoms",
        "",
        "**A phantom result: it says what the method does on synthetic CT, and nothing about patients.** "
        "Figures are not comparable with the paper's.",
        "",
        f"Size `{result['size']}`: {s['marked']} studies marked whole, {s['public']} of one phase without "
        f"pathology, {s['measured']} with some lesions measured on one slice, a pool of {s['pool']}, "
        f"{s['gold']} gold ones outside the training ranges; "
        f"{s['matrix']} pixels a side, {s['slices']} slices, seed {s['seed']}. Detector "
        f"`{s['detector']['size']}`, classifiers `{s['classifier']['size']}` in {s['folds']} folds. "
        f"A hit is {HEADLINE_RULE}. Intervals are of 95 %, by bootstrap over subjects; gains are paired, "
        "over the row before. "
        f"Code {result['code_version']}, {result['minutes']:.0f} minutes.",
        "",
    ]
    for name, (title, columns, rows) in tables(result).items():
        lines += [f"## {title}", "", *_table(columns, rows), ""]
        if name == "table-3-detection":
            lines += [_ledger(ledger, s), ""]
    return "\n".join(lines)


def _table(columns: Columns, rows: Sequence[Result]) -> list[str]:
    """Columns that no row fills are left out."""
    kept = [(head, path) for head, path in columns if any(value_at(row, path) is not None for row in rows)]
    body = [" | ".join(cell(value_at(row, path)) for _, path in kept) for row in rows]
    return [
        f"| {' | '.join(head for head, _ in kept)} |",
        "|" + "---|" * len(kept),
        *(f"| {line} |" for line in body),
    ]


def _ledger(ledger: Result, settings: Result) -> str:
    errs = (settings["missed"], settings["accepted_wrongly"])
    reader = "a reader who knows the truth" if not any(errs) else (
        f"a reader who rejects {errs[0]:.0%} of what hits and accepts {errs[1]:.0%} of what does not"
    )  # fmt: skip
    return (
        f"The pool was read by {reader}: {ledger['accepted']} candidates accepted, {ledger['rejected']} "
        f"rejected, {ledger['undecided']} undecided, {ledger['drawn']} of {ledger['studies']} studies drawn. "
        f"At the paper's minute a study to click and fifteen to draw (stated, not measured here) that is "
        f"{ledger['minutes']:.0f} minutes beside {ledger['minutes_from_scratch']:.0f} from scratch: "
        f"{ledger['saved']:.0%} saved."
    )


def as_csv(columns: Columns, rows: Sequence[Result]) -> str:
    """A table with value, lo and hi of each estimate in columns of their own."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    spread = [(path, part) for _, path in columns for part in _parts(rows, path)]
    writer.writerow([f"{path} {part}".strip() for path, part in spread])
    for row in rows:
        values = [value_at(row, path) for path, _ in spread]
        writer.writerow(
            [
                v.get(part) if isinstance(v, Mapping) else v
                for v, (_, part) in zip(values, spread, strict=True)
            ]
        )
    return out.getvalue()


def _parts(rows: Sequence[Result], path: str) -> tuple[str, ...]:
    return ("value", "lo", "hi") if any(isinstance(value_at(r, path), Mapping) for r in rows) else ("",)
