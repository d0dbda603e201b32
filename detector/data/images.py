"""From a case of a case list to the study's images: one grid, phases by name, and the liver."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from detector.contracts import StudyImages
from detector.data.cases import Case
from detector.errors import DetectorError, GeometryError, ReadError
from detector.geometry import VolumeGeometry
from detector.volume import Volume, read_volume


def _read_with_itk(path: Path) -> Volume:
    """A NIfTI, MHA or NRRD volume, its axes flipped so that the direction is the identity in LPS."""
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise ReadError("A volume file cannot be read.", remedy="Use .npy or .nii.gz volumes.") from error
    if image.GetDimension() != 3:
        raise ReadError("A volume file must have three dimensions.")
    image = sitk.DICOMOrient(image, "LPS")
    direction = np.array(image.GetDirection()).reshape(3, 3)
    if not np.allclose(direction, np.eye(3), atol=1e-3):
        raise GeometryError(
            "A volume's axes are oblique to the patient's.",
            remedy="Prepare it with `python -m detector prepare`.",
        )
    array = sitk.GetArrayFromImage(image)
    return Volume(array, VolumeGeometry(array.shape, image.GetSpacing(), image.GetOrigin()))


def read_image(path: Path) -> Volume:
    """A .npy volume of detector.volume, memory-mapped, or any format ITK reads; raises ReadError."""
    return read_volume(path) if path.suffix == ".npy" else _read_with_itk(path)


def load_case(case: Case) -> StudyImages:
    """The images of a case whose paths are absolute (as read_cases gives them); arrays stay memory-mapped.

    Raises:
        ReadError: an image or the mask is missing or damaged; the message names the study.
        GeometryError: the phases or the liver mask are not on one grid.
        PhaseError: the reference phase has no image.
    """
    try:
        volumes = {phase: read_image(Path(name)) for phase, name in case.images.items()}
        liver = None
        if case.liver is not None:
            mask = read_image(Path(case.liver))
            if mask.geometry.shape_zyx != next(iter(volumes.values())).geometry.shape_zyx:
                raise GeometryError("The liver mask is not on the grid of the phases.")
            liver = (np.asarray(mask.array_zyx) > 0).astype(np.uint8)
        return StudyImages(volumes, case.reference_phase, liver, case.modality)
    except DetectorError as error:
        raise type(error)(f"Study {case.study}: {error.message}", remedy=error.remedy) from error
