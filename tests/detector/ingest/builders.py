"""Small scans made for the tests: DICOM slices and NIfTI volumes whose every voxel is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT = "1.2.840.10008.5.1.4.1.1.2"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def voxels(n: int = 8, rows: int = 12, columns: int = 10, seed: int = 0) -> np.ndarray:
    """(Z, Y, X) int16 HU, no two neighbours alike."""
    return np.random.default_rng(seed).integers(-900, 900, (n, rows, columns)).astype(np.int16)


def write_slice(
    path: Path,
    hu: np.ndarray,
    position: tuple[float, float, float],
    *,
    study: str = "1.2.3",
    series: str = "1.2.3.1",
    patient: str = "P1",
    spacing: tuple[float, float] = (0.8, 0.7),
    orientation: tuple[float, ...] = AXIAL,
    slope: float = 1.0,
    intercept: float = -1024.0,
    **tags: object,
) -> Path:
    """One slice; `spacing` is (row, column) as DICOM has it. A tag given as None is left out."""
    stored = np.rint((hu.astype(float) - intercept) / slope).astype(np.int16)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CT
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    _fill(data, stored)
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID = study, series
    data.PatientID = patient
    data.PixelSpacing = list(spacing)
    data.ImageOrientationPatient = list(orientation)
    data.ImagePositionPatient = list(position)
    data.RescaleSlope, data.RescaleIntercept = slope, intercept
    for name, value in tags.items():
        if value is None:
            if name in data:
                del data[name]
        else:
            setattr(data, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    return path


def _fill(data: Dataset, stored: np.ndarray) -> None:
    data.SOPClassUID = CT
    data.Modality = "CT"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.StudyDate = "20200131"
    data.SeriesNumber = 4
    data.FrameOfReferenceUID = "1.2.3.99"
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows, data.Columns = stored.shape
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit = 15
    data.PixelRepresentation = 1
    data.PixelData = stored.tobytes()


def write_series(
    folder: Path,
    hu: np.ndarray,
    *,
    z0: float = 100.0,
    dz: float = 3.0,
    first_instance: int = 1,
    name: str = "i",
    skip: tuple[int, ...] = (),
    **options: object,
) -> list[Path]:
    """A series of axial slices from the feet up, named without a suffix."""
    return [
        write_slice(
            folder / f"{name}{k:03d}",
            hu[k],
            (-20.0, -30.0, z0 + k * dz),
            **{"InstanceNumber": first_instance + k} | options,  # type: ignore[arg-type]
        )
        for k in range(len(hu))
        if k not in skip
    ]


def write_volume_file(
    path: Path,
    hu: np.ndarray,
    spacing: tuple[float, float, float] = (0.7, 0.8, 3.0),
    origin: tuple[float, float, float] = (-20.0, -30.0, 100.0),
    direction: tuple[float, ...] = (1, 0, 0, 0, 1, 0, 0, 0, 1),
) -> Path:
    """A volume file of the format its suffix says, through SimpleITK."""
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection([float(d) for d in direction])
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path))
    return path


def blob_scan(shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0), seed: int = 0) -> np.ndarray:
    """A body with organs in HU, (24, 64, 64) voxels of 5 x 5 x 5 mm, its content moved by (x, y, z) mm."""
    z, y, x = (np.arange(n) * 5.0 for n in (24, 64, 64))
    zz, yy, xx = np.meshgrid(z - shift_mm[2], y - shift_mm[1], x - shift_mm[0], indexing="ij")

    def ellipsoid(cx: float, cy: float, cz: float, rx: float, ry: float, rz: float) -> np.ndarray:
        return ((xx - cx) / rx) ** 2 + ((yy - cy) / ry) ** 2 + ((zz - cz) / rz) ** 2 < 1

    hu = np.full(zz.shape, -1000.0)
    hu[((xx - 160) / 145) ** 2 + ((yy - 160) / 110) ** 2 < 1] = -90
    hu[((xx - 160) / 130) ** 2 + ((yy - 160) / 95) ** 2 < 1] = 10
    hu[ellipsoid(105, 150, 60, 62, 60, 52)] = 110
    hu[ellipsoid(235, 165, 65, 30, 34, 34)] = 125
    hu[ellipsoid(160, 225, 60, 18, 18, 300)] = 400
    hu[ellipsoid(95, 140, 65, 14, 14, 14)] = 60
    return (hu + np.random.default_rng(seed).normal(0, 6, hu.shape)).astype(np.int16)
