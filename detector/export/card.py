"""The data card of a release in Markdown: what is in it, who said so, and what it does not have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from detector.export.dataset import ExportStudy
from detector.export.plan import phase_order

# Upper ends in mm of a lesion's longest side; LI-RADS and size criteria of follow-up turn on 10 and 20 mm.
SIZES_MM = ((10.0, "below 10 mm"), (20.0, "10 to below 20 mm"), (50.0, "20 to below 50 mm"))
_LARGEST = "50 mm and more"
_IDENTITY = ("cohort", "release", "manifest_sha256", "frozen_at", "licence")

Said = Mapping[str, object]


def data_card(
    studies: Iterable[ExportStudy],
    info: Mapping[str, Any],
    *,
    readers: Said,
    agreement: Said,
    labour: Said,
    gaps: Sequence[str],
) -> str:
    """The card as text; the same input gives the same text. `readers`, `agreement` and `labour` are what to
    say and its value, in the order to say it; `gaps` are sentences. `studies` is walked twice.
    """
    counts = _counted(studies)
    splits = sorted(counts.studies)
    parts = [
        f"# Data card: {_cell(info.get('cohort', ''))}, release {info.get('release', '')}",
        _cell(info.get("description") or "Liver lesions on multiphase CT."),
        _table(("", ""), [(key, str(info[key])) for key in _IDENTITY if info.get(key) not in (None, "")]),
        "## What is in it",
        _by_split("", splits, counts.rows()),
        _by_split("class", splits, sorted(counts.classes.items())),
        _by_split(
            "longest side", splits, [(name, counts.sizes.get(name, Counter())) for name in _size_names()]
        ),
        _by_split("phase", splits, [(p, counts.phases[p]) for p in phase_order(studies)]),
        "Boxes are in mm, LPS, bounded by the outer faces of their voxels, on the grid of the study's "
        "reference phase. Lesions count once, whatever the number of phases that show them.",
        *_section("Readers", readers),
        *_section("Agreement", agreement),
        *_section("Labour", labour),
        "## Known gaps",
        "\n".join(f"- {_cell(gap)}" for gap in gaps) or "None is known.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


@dataclass(slots=True)
class _Counts:
    """Counters by split, of each row of a table."""

    subjects: dict[str, set[str]] = field(default_factory=dict)
    studies: Counter[str] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)
    lesions: Counter[str] = field(default_factory=Counter)
    primary: Counter[str] = field(default_factory=Counter)
    classes: dict[str, Counter[str]] = field(default_factory=dict)
    sizes: dict[str, Counter[str]] = field(default_factory=dict)
    phases: dict[str, Counter[str]] = field(default_factory=dict)

    def rows(self) -> list[tuple[str, Mapping[str, int]]]:
        return [
            ("subjects", {split: len(names) for split, names in self.subjects.items()}),
            ("studies", self.studies),
            ("studies without a lesion", self.empty),
            ("lesions", self.lesions),
            ("primary lesions", self.primary),
        ]


def _counted(studies: Iterable[ExportStudy]) -> _Counts:
    counts = _Counts()
    for study in studies:
        split = study.split
        counts.subjects.setdefault(split, set()).add(study.subject)
        counts.studies[split] += 1
        counts.empty[split] += not study.boxes
        for phase in study.images:
            _add(counts.phases, phase, split)
        for box in study.boxes:
            counts.lesions[split] += 1
            counts.primary[split] += box.primary
            _add(counts.classes, box.category, split)
            _add(counts.sizes, size_name(max(box.box.size_mm)), split)
    return counts


def _add(table: dict[str, Counter[str]], row: str, split: str) -> None:
    table.setdefault(row, Counter())[split] += 1


def size_name(longest_mm: float) -> str:
    """The bin of a lesion by its longest side.

    >>> size_name(9.99), size_name(10), size_name(50)
    ('below 10 mm', '10 to below 20 mm', '50 mm and more')
    """
    return next((name for end, name in SIZES_MM if longest_mm < end), _LARGEST)


def _size_names() -> list[str]:
    return [*(name for _, name in SIZES_MM), _LARGEST]


def _by_split(head: str, splits: Sequence[str], rows: Iterable[tuple[str, Mapping[str, int]]]) -> str:
    """A table with a column a split and one of all."""
    cells = [
        (name, *(count.get(split, 0) for split in splits), sum(count.get(split, 0) for split in splits))
        for name, count in rows
    ]
    return _table((head, *splits, "all"), cells)


def _section(title: str, said: Said) -> list[str]:
    return [f"## {title}", _table(("", ""), list(said.items())) if said else "Nothing is said."]


def _table(head: Sequence[str], rows: Sequence[Sequence[Hashable]]) -> str:
    """A table of Markdown, nothing where it has no row."""
    if not rows:
        return ""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    """A value on one line that ends no cell: counts in groups of three, fractions with three digits."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    return " ".join(str(value).split()).replace("|", "\\|")
