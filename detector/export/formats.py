"""The formats that a release can be exported in, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from detector.export import coco, csv_boxes
from detector.export.dataset import ExportData


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format: `write` fills an existing empty folder, `check` reads that folder back and compares in mm.

    `needs_images` is true where the format has no meaning without voxels; the others also go by reference,
    where ExportData has no `volume`. Both walk study by study. They raise ExportError where the format
    cannot hold or did not give back what the release says, and OSError.
    """

    name: str
    title: str
    write: Callable[[ExportData, Path], None]
    check: Callable[[ExportData, Path], None]
    needs_images: bool = False


FORMATS: dict[str, ExportFormat] = {
    f.name: f
    for f in (
        ExportFormat("coco", "COCO-3D (JSON)", coco.write, coco.check),
        ExportFormat("csv", "Table of boxes (CSV)", csv_boxes.write, csv_boxes.check),
    )
}
