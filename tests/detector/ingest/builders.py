"""Small scans made for the tests: DICOM slices and NIfTI volumes whose every voxel is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from detector.geometry import VolumeGeometry

CT = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
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


def write_tilted(folder: Path, hu: np.ndarray, *, degrees: float = 10.0, **options: object) -> None:
    """A series of axial slices under gantry tilt about x: the table moves along z, the slices lean."""
    angle = np.radians(degrees)
    orientation = (1.0, 0.0, 0.0, 0.0, float(np.cos(angle)), float(np.sin(angle)))
    for k, plane in enumerate(hu):
        write_slice(folder / f"t{k:03d}", plane, (0.0, 0.0, 5.0 * k), orientation=orientation, **options)  # type: ignore[arg-type]


def write_enhanced(
    path: Path,
    hu: np.ndarray,
    *,
    places: Sequence[float] = (),
    phases: Sequence[int] = (),
    orientation: tuple[float, ...] = AXIAL,
    order: Sequence[int] = (),
    **tags: object,
) -> Path:
    """One enhanced CT file; frame k lies at `places[k]` in phase `phases[k]`, with a rescale of its own.
    `order` is that in which the frames are stored."""
    n = len(hu)
    order = list(order) or list(range(n))
    where = list(places) or [100 + 3.0 * k for k in range(n)]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ENHANCED_CT
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    # Odd frames are stored with another slope and intercept than even ones.
    stored = np.stack([hu[k] + 1024 if k % 2 else (hu[k].astype(int) + 2000) * 2 for k in order])
    _fill(data, stored[0])
    data.SOPClassUID = ENHANCED_CT
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID, data.PatientID = "1.2.3", "1.2.3.1", "P1"
    data.NumberOfFrames = n
    data.PixelData = stored.astype(np.int16).tobytes()
    shared = Dataset()
    shared.PixelMeasuresSequence = [_item(PixelSpacing=[0.8, 0.7], SliceThickness=3.0)]
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=list(orientation))]
    data.SharedFunctionalGroupsSequence = [shared]
    data.PerFrameFunctionalGroupsSequence = [_frame(k, where[k], phases[k] if phases else 0) for k in order]
    for name, value in tags.items():
        setattr(data, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    return path


def _frame(k: int, z: float, phase: int) -> Dataset:
    slope, intercept = (1.0, -1024.0) if k % 2 else (0.5, -2000.0)
    content = _item(FrameAcquisitionDateTime=f"202001310830{phase:02d}.5")
    if phase:
        content.TemporalPositionIndex = phase
    group = Dataset()
    group.FrameContentSequence = [content]
    group.PlanePositionSequence = [_item(ImagePositionPatient=[-20.0, -30.0, z])]
    group.PixelValueTransformationSequence = [_item(RescaleSlope=slope, RescaleIntercept=intercept)]
    return group


def _item(**values: object) -> Dataset:
    item = Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    return item


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


BLOB_GRID = VolumeGeometry((24, 108, 108), (3.0, 3.0, 5.0), (-160.0, -160.0, 0.0))
BLOB_LIVER = ((105, 150, 60), (62, 60, 52))


def _ellipsoid(
    centre: tuple[float, ...], radii: tuple[float, ...], shift_mm: tuple[float, ...] = (0, 0, 0)
) -> np.ndarray:
    steps = BLOB_GRID.spacing_xyz_mm
    axes = [np.arange(n) * s for n, s in zip(BLOB_GRID.shape_zyx, steps[::-1], strict=True)]
    grids = np.meshgrid(*axes, indexing="ij", sparse=True)
    centred = zip(grids[::-1], centre, radii, shift_mm, strict=True)
    return sum(((g - s - c) / r) ** 2 for g, c, r, s in centred) < 1


def blob_liver() -> np.ndarray:
    """The true liver of blob_scan as (Z, Y, X) booleans."""
    return _ellipsoid(*BLOB_LIVER)


def blob_scan(shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0), seed: int = 0) -> np.ndarray:
    """A body with organs in HU on BLOB_GRID, its content moved by (x, y, z) mm."""
    hu = np.full(BLOB_GRID.shape_zyx, -1000.0)
    for value, centre, radii in (
        (-90, (160, 160, 60), (145, 110, 3000)),
        (10, (160, 160, 60), (130, 95, 3000)),
        (110, *BLOB_LIVER),
        (125, (235, 165, 65), (30, 34, 34)),
        (400, (160, 225, 60), (18, 18, 300)),
        (60, (95, 140, 65), (14, 14, 14)),
    ):
        hu[_ellipsoid(centre, radii, shift_mm)] = value
    return (hu + np.random.default_rng(seed).normal(0, 6, hu.shape)).astype(np.int16)
