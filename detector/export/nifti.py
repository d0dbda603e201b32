"""Volumes as NIfTI, for whoever trains elsewhere on an export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from detector.volume import Volume


def write_nifti(volume: Volume, path: Path) -> None:
    """Writes a (Z, Y, X) volume as .nii.gz with its spacing and origin; makes the folder.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(np.asarray(volume.array_zyx))
    image.SetSpacing(volume.geometry.spacing_xyz_mm)
    image.SetOrigin(volume.geometry.origin_xyz_mm)
    try:
        sitk.WriteImage(image, str(path), useCompression=True)
    except RuntimeError as error:
        raise OSError("a volume cannot be written") from error
