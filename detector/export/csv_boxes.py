"""A table of boxes in mm, LPS: one row a lesion, and one row without a lesion for a study that has none."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

from detector.errors import GeometryError
from detector.export.dataset import ExportBox, ExportError, ExportStudy
from detector.geometry import Box3D

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


def write_csv(studies: Sequence[ExportStudy]) -> str:
    """The table as text with "\\n" line ends; the same input gives the same bytes. Numbers are written so
    that they read back exactly. An empty sequence gives the header alone."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for study in studies:
        shared = {
            "study": study.id,
            "subject": study.subject,
            "split": study.split,
            "reference_phase": study.reference_phase,
            "frame_of_reference_uid": study.geometry.frame_of_reference_uid,
            "image": study.images[study.reference_phase],
            "nudges_mm": " ".join(
                f"{phase}:{x!r},{y!r},{z!r}" for phase, (x, y, z) in sorted(study.nudges_mm.items())
            ),
        }
        if not study.boxes:
            writer.writerow(shared)
        for box in study.boxes:
            corners = zip(CORNERS, (*box.box.lo, *box.box.hi), strict=True)
            writer.writerow(
                {
                    **shared,
                    "lesion": box.id,
                    "category": box.category,
                    "primary": int(box.primary),
                    "absent_phases": " ".join(box.absent_phases),
                    **{name: repr(value) for name, value in corners},
                }
            )
    return out.getvalue()


def read_csv(text: str, studies: Sequence[ExportStudy]) -> list[ExportStudy]:
    """The studies of a table that write_csv wrote, in its order. A table has no grids: each study is
    completed from `studies` (those that were written), from which no box is taken.

    Raises:
        ExportError: not such a table, or a study that is not among `studies`.
    """
    known = {s.id: s for s in studies}
    boxes: dict[str, list[ExportBox]] = {}
    try:
        for row in csv.DictReader(io.StringIO(text)):
            found = boxes.setdefault(row["study"], [])
            if row["lesion"]:
                x0, y0, z0, x1, y1, z1 = (float(row[name]) for name in CORNERS)
                found.append(
                    ExportBox(
                        id=row["lesion"],
                        box=Box3D((x0, y0, z0), (x1, y1, z1)),
                        category=row["category"],
                        primary=row["primary"] == "1",
                        absent_phases=tuple(row["absent_phases"].split()),
                    )
                )
        return [replace(known[id], boxes=tuple(found)) for id, found in boxes.items()]
    except (KeyError, ValueError, TypeError, AttributeError, GeometryError) as error:
        raise ExportError("This is not a table of boxes of this project.") from error
