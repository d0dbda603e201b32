"""A phantom phase as a CT series: explicit VR little endian, a file a slice, UIDs fixed by the study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

from detector.phantom.parameters import REFERENCE_PHASE
from detector.volume import Volume

_DESCRIPTIONS = {
    "non_contrast": "Abdomen non-contrast 5.0",
    "arterial": "Abdomen arterial 5.0",
    "portal_venous": "Abdomen portal venous 5.0",
    "delayed": "Abdomen delayed 5.0",
}
_RESCALE_INTERCEPT = -1024


def write_series(volume: Volume, folder: Path, *, subject: str, phase: str, number: int) -> None:
    """Writes IM-0001.dcm and on, from feet to head; `number` is the series' number in its study."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(volume.geometry.shape_zyx[0]):
        _slice(volume, index, subject, phase, number).save_as(
            folder / f"IM-{index + 1:04d}.dcm", enforce_file_format=True
        )


def uid(*parts: object) -> UID:
    """A UID that depends on the parts alone."""
    return generate_uid(entropy_srcs=["harvest-phantom", *(str(p) for p in parts)])


def _slice(volume: Volume, index: int, subject: str, phase: str, number: int) -> FileDataset:
    geometry = volume.geometry
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = uid(subject, phase, index)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = "20200101"
    ds.StudyTime, ds.AcquisitionTime = "080000", f"0800{number * 10:02d}"
    ds.AccessionNumber = ""
    ds.Modality, ds.Manufacturer = "CT", "Harvest phantom"
    ds.ReferringPhysicianName = ""
    ds.StudyDescription, ds.SeriesDescription = "Liver multiphase", _DESCRIPTIONS[phase]
    ds.PatientName, ds.PatientID = subject, subject
    ds.PatientBirthDate, ds.PatientSex = "", "O"
    ds.BodyPartExamined, ds.PatientPosition = "ABDOMEN", "HFS"
    if phase != "non_contrast":
        ds.ContrastBolusAgent = "IODINE"
    ds.SliceThickness = ds.SpacingBetweenSlices = _decimal(geometry.spacing_xyz_mm[2])
    ds.KVP = "120"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid(subject), uid(subject, phase)
    ds.FrameOfReferenceUID = uid(subject, "frame")
    ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "1", number, index + 1
    ds.AcquisitionNumber = number
    corner = geometry.point_from_index((index, 0, 0))
    ds.ImagePositionPatient = [_decimal(v) for v in corner]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.SliceLocation = _decimal(corner[2])
    ds.PositionReferenceIndicator = ""
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    _, ds.Rows, ds.Columns = geometry.shape_zyx
    ds.PixelSpacing = [_decimal(geometry.spacing_xyz_mm[1]), _decimal(geometry.spacing_xyz_mm[0])]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = "60", "300"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = str(_RESCALE_INTERCEPT), "1", "HU"
    stored = np.asarray(volume.array_zyx[index], np.int32) - _RESCALE_INTERCEPT
    ds.PixelData = np.clip(stored, 0, 4095).astype("<u2").tobytes()
    if phase == REFERENCE_PHASE:
        ds.ImageComments = "Reference phase of the phantom's truth"
    return ds


def _decimal(value: float) -> str:
    """A decimal string of at most the 16 characters DICOM allows."""
    return f"{value:.8f}".rstrip("0").rstrip(".")
