"""The registered phases of an export as NIfTI, written and read back study by study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from detector.export.dataset import TOLERANCE_MM, ExportData, ExportError
from detector.export.nifti import write_nifti
from detector.geometry import VolumeGeometry
from detector.volume import Volume


def write_images(data: ExportData, out: Path) -> None:
    """Each phase at the place its study names for it, nothing where the export goes by reference.

    Raises:
        OSError: a file cannot be written.
    """
    if data.volume is None:
        return
    for study in data.studies:
        for phase, name in sorted(study.images.items()):
            write_nifti(data.volume(study.id, phase), out / name)


def check_images(data: ExportData, out: Path) -> None:
    """Reads with ITK what write_images wrote.

    Raises:
        ExportError: an image is missing, lies elsewhere, or has other voxels.
    """
    if data.volume is None:
        return
    for study in data.studies:
        for phase, name in sorted(study.images.items()):
            written = data.volume(study.id, phase)
            read = read_nifti(out / name, study=study.id)
            check_grid(written.geometry, read.geometry, study=study.id)
            if not np.array_equal(written.array_zyx, read.array_zyx):
                raise ExportError(
                    "An image has other voxels than the release.", details={"study": study.id, "phase": phase}
                )


def read_nifti(path: Path, *, study: str) -> Volume:
    """A (Z, Y, X) volume of the file, as ITK reads it.

    Raises:
        ExportError: it is missing, damaged or turned.
    """
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise ExportError(
            "An image of the export is missing or cannot be read.", details={"study": study}
        ) from error
    if not np.allclose(image.GetDirection(), np.eye(3).ravel(), atol=1e-6):
        raise ExportError("An image of the export is turned.", details={"study": study})
    array = sitk.GetArrayFromImage(image)
    return Volume(array, VolumeGeometry(array.shape, image.GetSpacing(), image.GetOrigin()))


def check_grid(written: VolumeGeometry, read: VolumeGeometry, *, study: str) -> None:
    """Raises ExportError where two grids differ in shape, or by more than TOLERANCE_MM at a corner."""
    same = written.shape_zyx == read.shape_zyx
    if not same or any(
        abs(a - b) > TOLERANCE_MM
        for a, b in zip(
            (*written.extent.lo, *written.extent.hi), (*read.extent.lo, *read.extent.hi), strict=True
        )
    ):
        raise ExportError("An image does not lie on the grid of its study.", details={"study": study})
