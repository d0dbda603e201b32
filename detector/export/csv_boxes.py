"""A table of boxes in mm, LPS: one row a lesion, and one row without a lesion for a study that has none."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby, tee
from operator import itemgetter
from pathlib import Path

from detector.errors import GeometryError
from detector.export.dataset import ExportBox, ExportData, ExportError, ExportStudy, check_read_back
from detector.export.images import check_images, write_images
from detector.geometry import Box3D, Vector

FILE = "boxes.csv"

CORNERS = ("lo_x_mm", "lo_y_mm", "lo_z_mm", "hi_x_mm", "hi_y_mm", "hi_z_mm")
COLUMNS = (
    "study",
    "subject",
    "split",
    "reference_phase",
    "frame_of_reference_uid",
    "image",
    "nudges_mm",
    "lesion",
    "category",
    "primary",
    "absent_phases",
    *CORNERS,
)


class _Echo:
    """A file that gives back what is written to it, so that a writer makes lines instead of a file."""

    def write(self, line: str) -> str:
        return line


def csv_lines(studies: Iterable[ExportStudy]) -> Iterator[str]:
    """The table line by line with "\\n" at the ends; the same input gives the same bytes. Numbers are
    written so that they read back exactly. No studies give the header alone."""
    row = csv.writer(_Echo(), lineterminator="\n").writerow
    yield row(COLUMNS)
    for study in studies:
        shared = (
            study.id,
            study.subject,
            study.split,
            study.reference_phase,
            study.geometry.frame_of_reference_uid,
            study.images[study.reference_phase],
            " ".join(f"{phase}:{x!r},{y!r},{z!r}" for phase, (x, y, z) in sorted(study.nudges_mm.items())),
        )
        if not study.boxes:
            yield row((*shared, *[""] * (len(COLUMNS) - len(shared))))
        for box in study.boxes:
            absent = " ".join(box.absent_phases)
            corners = (repr(value) for value in (*box.box.lo, *box.box.hi))
            yield row((*shared, box.id, box.category, int(box.primary), absent, *corners))


def read_csv(lines: Iterable[str], studies: Iterable[ExportStudy]) -> Iterator[ExportStudy]:
    """The studies of a table that csv_lines wrote, one at a time. A table has no grids: each study is
    completed from the one at its place in `studies` (those that were written), whose grid and images it has.

    Raises:
        ExportError: not such a table, or its studies are not `studies` in their order.
    """
    known = iter(studies)
    try:
        for id, group in groupby(csv.DictReader(lines), itemgetter("study")):
            rows = list(group)
            study = next(known, None)
            if study is None or study.id != id:
                raise ExportError("The table does not hold the studies of the release in their order.")
            yield replace(
                study,
                subject=rows[0]["subject"],
                split=rows[0]["split"],
                reference_phase=rows[0]["reference_phase"],
                boxes=tuple(_box(row) for row in rows if row["lesion"]),
                nudges_mm=dict(_nudge(text) for text in rows[0]["nudges_mm"].split()),
            )
    except (KeyError, ValueError, TypeError, AttributeError, GeometryError) as error:
        raise ExportError("This is not a table of boxes of this project.") from error


def _nudge(text: str) -> tuple[str, Vector]:
    phase, _, moved = text.rpartition(":")
    x, y, z = (float(mm) for mm in moved.split(","))
    return phase, (x, y, z)


def _box(row: dict[str, str]) -> ExportBox:
    x0, y0, z0, x1, y1, z1 = (float(row[name]) for name in CORNERS)
    return ExportBox(
        id=row["lesion"],
        box=Box3D((x0, y0, z0), (x1, y1, z1)),
        category=row["category"],
        primary=row["primary"] == "1",
        absent_phases=tuple(row["absent_phases"].split()),
    )


def write_table(studies: Iterable[ExportStudy], path: Path) -> None:
    """The table as a file; raises OSError where it cannot be written."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines(studies))


def check_table(studies: Iterable[ExportStudy], path: Path) -> None:
    """Raises ExportError where the table differs from `studies`, OSError where it cannot be read."""
    with path.open(encoding="utf-8", newline="") as file:
        written, known = tee(studies)  # walked in step
        check_read_back(written, read_csv(file, known))


def write(data: ExportData, out: Path) -> None:
    """boxes.csv, and the images where there are voxels; raises OSError where they cannot be written."""
    write_table(data.studies, out / FILE)
    write_images(data, out)


def check(data: ExportData, out: Path) -> None:
    """Reads all of it back; raises ExportError where it differs, OSError where it cannot be read."""
    check_table(data.studies, out / FILE)
    check_images(data, out)
