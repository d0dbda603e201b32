"""The formats that a release can be exported in, by name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from detector.export.dataset import ExportData


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format: `module` of this package has its write and check, loaded when they are asked for, so that
    who only lists formats needs none of their libraries.

    `needs_images` is true where the format has no meaning without voxels; the others also go by reference,
    where ExportData has no `volume`. Both walk study by study.
    """

    name: str
    title: str
    module: str
    needs_images: bool = False

    def write(self, data: ExportData, out: Path) -> None:
        """Fills an existing, empty folder.

        Raises:
            ExportError: the format cannot hold what the release says, or needs voxels and gets none.
            OSError: a file cannot be written.
        """
        import_module(f"detector.export.{self.module}").write(data, out)

    def check(self, data: ExportData, out: Path) -> None:
        """Reads the folder back with a reader of the format, and compares in mm.

        Raises:
            ExportError: the folder does not say what the release says.
            OSError: a file cannot be read.
        """
        import_module(f"detector.export.{self.module}").check(data, out)


FORMATS: dict[str, ExportFormat] = {
    f.name: f
    for f in (
        ExportFormat("coco", "COCO-3D (JSON)", "coco"),
        ExportFormat("csv", "Table of boxes (CSV)", "csv_boxes"),
        ExportFormat("nndetection", "nnDetection raw task", "nndetection", needs_images=True),
        ExportFormat("nnunet", "nnU-Net v2 raw dataset", "nnunet", needs_images=True),
        ExportFormat("monai", "MONAI data list (JSON)", "monai_list"),
        ExportFormat("dicom-sr", "DICOM SR (TID 1500)", "dicom_sr"),
        ExportFormat("dicom-seg", "DICOM SEG", "dicom_seg"),
        ExportFormat("croissant", "Croissant (JSON-LD over CSV)", "croissant"),
    )
}
