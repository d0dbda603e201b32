"""NIfTI, MHA and NRRD volumes through SimpleITK, as canonical volumes in HU."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from detector.geometry import VolumeGeometry
from detector.ingest.canonical import axis_permutation, check_grid, to_hu, to_lps
from detector.ingest.nifti_stream import MAX_BYTES, check_voxels, opened
from detector.ingest.problems import unreadable
from detector.volume import Volume

SUFFIXES = (".nii.gz", ".nii", ".mha", ".nrrd")

# Reading problems become named errors of ours; ITK's own warnings name the path, and a path may be a name.
sitk.ProcessObject.SetGlobalWarningDisplay(False)


def is_volume_file(path: Path) -> bool:
    """By name alone: .nii, .nii.gz, .mha or .nrrd."""
    return path.name.lower().endswith(SUFFIXES)


def stem(path: Path) -> str:
    """The file's name without its suffix, `.nii.gz` being one suffix.

    >>> stem(Path("a/portal_venous.nii.gz"))
    'portal_venous'
    """
    name = path.name
    suffix = next(s for s in SUFFIXES if name.lower().endswith(s))
    return name[: -len(suffix)]


def read_geometry(path: Path) -> VolumeGeometry:
    """The canonical grid of a volume file from its header alone.

    Raises:
        ReadError: codes damaged, not_3d, no_orientation, oblique, spacing, too_few_slices, too_large.
    """
    reader = _header(path)
    size, spacing = reader.GetSize(), reader.GetSpacing()
    direction = np.array(reader.GetDirection()).reshape(3, 3)
    axes, signs = axis_permutation(direction)
    shape = (size[axes[2]], size[axes[1]], size[axes[0]])
    canonical_spacing = (spacing[axes[0]], spacing[axes[1]], spacing[axes[2]])
    check_grid(shape, canonical_spacing)
    origin = np.array(reader.GetOrigin())
    for axis, sign in zip(axes, signs, strict=True):
        if sign < 0:
            origin += direction[:, axis] * spacing[axis] * (size[axis] - 1)
    return VolumeGeometry(shape, canonical_spacing, tuple(origin))


def read_file(path: Path) -> Volume:
    """Reads a CT volume file to int16 HU (Z, Y, X), LPS, identity direction.

    Raises:
        ReadError: the codes of read_geometry, and truncated, not_finite, mask, not_hounsfield.
    """
    read_geometry(path)
    array, image = _voxels(path)
    return _canonical(to_hu(array), image)


def read_mask_file(path: Path) -> Volume:
    """Reads a mask file to uint8 0/1 (Z, Y, X), LPS, identity direction: every value above 0 is inside.

    Raises:
        ReadError: codes damaged, truncated, not_3d, no_orientation, oblique, not_finite.
    """
    _header(path)
    array, image = _voxels(path)
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        raise unreadable("not_finite", "The mask holds NaN or infinite voxels.", "Write the mask again.")
    return _canonical((array > 0).astype(np.uint8), image)


def read_labels(path: Path, *, scan: Path | None = None) -> Volume:
    """The whole numbers of a label file (Z, Y, X), LPS. With `scan` they lie on that file voxel for voxel,
    whatever the label file's own header says.

    Raises:
        ReadError: the codes of read_mask_file, other_shape where the scan has another number of voxels, and
            not_labels where the file holds fractions or negative numbers.
    """
    _header(path)
    array, image = _voxels(path)
    lies: sitk.Image | sitk.ImageFileReader = image
    fractions = np.issubdtype(array.dtype, np.floating) and not np.array_equal(np.rint(array), array)
    if fractions or array.min() < 0 or array.max() > np.iinfo(np.uint16).max:
        raise unreadable(
            "not_labels", "The label file holds other than whole numbers.", "Name the file of labels."
        )
    if scan is not None:
        lies = _header(scan)
        if lies.GetSize() != image.GetSize():
            raise unreadable(
                "other_shape",
                f"The labels have {_times(image.GetSize())} voxels, their scan {_times(lies.GetSize())}.",
                "Give the labels that were drawn on this scan.",
            )
    return _canonical(array.astype(np.uint16), lies)


def _times(size: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in size)


def file_digest(path: Path) -> str:
    """SHA-256 of the file's content, of what is inside for .gz, so that packing again changes nothing.

    Raises:
        ReadError: codes damaged, truncated, too_large.
    """
    digest, total = hashlib.sha256(), 0
    with opened(path) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            total += len(chunk)
            if total > MAX_BYTES:
                raise unreadable("too_large", "The file unpacks to more than a CT can have.")
    return digest.hexdigest()


def _header(path: Path) -> sitk.ImageFileReader:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise unreadable("damaged", "The volume file's header cannot be read.", "Write it again.") from error
    if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
        raise unreadable(
            "not_3d",
            "The file is not one 3D volume.",
            "Write each phase to a file of its own.",
        )
    if reader.HasMetaDataKey("qform_code") and reader.HasMetaDataKey("sform_code"):
        codes = [reader.GetMetaData(k).strip() for k in ("qform_code", "sform_code")]
        if all(code in ("0", "") for code in codes):
            raise unreadable(
                "no_orientation",
                "The NIfTI file does not say how the volume lies in the patient (qform and sform are 0).",
                "Convert the original series again, so that left and right are certain.",
            )
    return reader


def _voxels(path: Path) -> tuple[npt.NDArray[Any], sitk.Image]:
    if path.name.lower().endswith((".nii", ".nii.gz")):
        check_voxels(path)
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise unreadable("damaged", "The volume file is truncated or damaged.", "Copy it again.") from error
    return sitk.GetArrayFromImage(image), image


def _canonical(array: npt.NDArray[Any], image: sitk.Image | sitk.ImageFileReader) -> Volume:
    return to_lps(
        array,
        direction=np.array(image.GetDirection()).reshape(3, 3),
        origin_xyz_mm=np.array(image.GetOrigin()),
        spacing_ijk_mm=np.array(image.GetSpacing()),
    )
