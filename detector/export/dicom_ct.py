"""The CT that segmentations and reports of an export refer to: headers derived from the release, and series.

Nothing of the original headers is used. UIDs are 2.25 with a name-based UUID of the release's hash, the study
and what it is a UID of, so whoever exports the same release again gets the same ones. A study's pseudonym is
its patient's name and id.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from pydicom import dcmread
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from detector.export.dataset import ExportData, ExportError, ExportStudy
from detector.export.images import check_grid
from detector.export.plan import case_name, phase_order
from detector.geometry import VolumeGeometry
from detector.volume import Volume

# highdicom says seven lines of every object that it makes.
logging.getLogger("highdicom").setLevel(logging.WARNING)

MANUFACTURER, MODEL = "Harvest", "Harvest"
IMPLEMENTATION = UID("2.25." + str(uuid.uuid5(uuid.NAMESPACE_URL, "harvest/export").int))
_LONGEST_ID = 64


def derived_uid(info: Mapping[str, Any], *parts: object) -> UID:
    """A UID that depends on the release's hash and the parts alone."""
    space = uuid.uuid5(uuid.NAMESPACE_OID, str(info.get("manifest_sha256", "")))
    return UID("2.25." + str(uuid.uuid5(space, "/".join(str(p) for p in parts)).int))


def frozen_date(info: Mapping[str, Any]) -> str:
    """The day on which the release was frozen as YYYYMMDD, the first day of 2000 where it is not said."""
    return str(info.get("frozen_at") or "2000-01-01")[:10].replace("-", "")


def headers(
    study: ExportStudy, info: Mapping[str, Any], phase: str, indices: range | None = None
) -> Iterator[FileDataset]:
    """The headers of a phase's slices from feet to head, without pixels; of all, or of some indices.

    Raises:
        ExportError: a pseudonym longer than DICOM allows.
    """
    if len(study.subject) > _LONGEST_ID:
        raise ExportError(
            f"DICOM allows pseudonyms of {_LONGEST_ID} characters.", details={"study": study.id}
        )
    number = phase_order([study]).index(phase) + 1
    for index in indices or range(study.geometry.shape_zyx[0]):
        yield _header(study, info, phase, number, index)


def _header(study: ExportStudy, info: Mapping[str, Any], phase: str, number: int, index: int) -> FileDataset:
    grid = study.geometry
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = derived_uid(info, study.id, phase, index)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID, meta.ImplementationVersionName = IMPLEMENTATION, "HARVEST"
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    ds.StudyDate = ds.StudyTime = ds.AccessionNumber = ds.StudyID = ""
    ds.ContentDate, ds.ContentTime = frozen_date(info), "000000"
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = "CT", MANUFACTURER, MODEL
    ds.ReferringPhysicianName = ""
    ds.SeriesDescription = phase.replace("_", " ")
    ds.PatientID, ds.PatientName = study.subject, f"{study.subject}^"  # a family name alone
    ds.PatientBirthDate = ds.PatientSex = ""
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = "Made anew from voxels; nothing of the original headers"
    ds.BodyPartExamined, ds.PatientPosition = "ABDOMEN", "HFS"
    ds.SliceThickness = ds.SpacingBetweenSlices = decimal(grid.spacing_xyz_mm[2])
    ds.KVP = ""
    ds.StudyInstanceUID = derived_uid(info, study.id)
    ds.SeriesInstanceUID = derived_uid(info, study.id, phase)
    ds.FrameOfReferenceUID = derived_uid(info, study.id, "frame of reference")
    ds.SeriesNumber, ds.InstanceNumber, ds.AcquisitionNumber = number, index + 1, number
    corner = grid.point_from_index((index, 0, 0))
    ds.ImagePositionPatient = [decimal(v) for v in corner]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.SliceLocation = decimal(corner[2])
    ds.PositionReferenceIndicator = ""
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    _, ds.Rows, ds.Columns = grid.shape_zyx
    ds.PixelSpacing = [decimal(grid.spacing_xyz_mm[1]), decimal(grid.spacing_xyz_mm[0])]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "HU"
    return ds


def decimal(value: float) -> str:
    """A decimal string of at most the 16 characters that DICOM allows."""
    return f"{value:.8f}".rstrip("0").rstrip(".")


def with_series(data: ExportData, study: ExportStudy) -> dict[str, str]:
    """The first slice of each phase by its phase, which is what a table can name of a series."""
    if data.volume is None:
        return dict(study.images)
    return {phase: f"{case_name(study)}/{phase}/0001.dcm" for phase in study.images}


def write_series(data: ExportData, study: ExportStudy, out: Path) -> None:
    """The phases of a study as CT series, STUDY/PHASE/0001.dcm and on from feet to head; nothing where the
    export goes by reference.

    Raises:
        ExportError: voxels that are not on the study's grid.
        OSError: a file cannot be written.
    """
    if data.volume is None:
        return
    for phase in phase_order([study]):
        volume = data.volume(study.id, phase)
        check_grid(study.geometry, volume.geometry, study=study.id)
        folder = out / case_name(study) / phase
        folder.mkdir(parents=True)
        for index, header in enumerate(headers(study, data.info, phase)):
            header.PixelData = np.asarray(volume.array_zyx[index]).astype("<i2").tobytes()
            header.save_as(folder / f"{index + 1:04d}.dcm", enforce_file_format=True)


def check_series(data: ExportData, study: ExportStudy, out: Path) -> None:
    """Reads the series with highdicom as volumes; raises ExportError where grid or voxels differ."""
    if data.volume is None:
        return
    for phase in phase_order([study]):
        written = data.volume(study.id, phase)
        try:
            slices = [dcmread(p) for p in sorted((out / case_name(study) / phase).glob("*.dcm"))]
            read = hd.get_volume_from_series(slices, dtype=np.int32)
        except (ValueError, AttributeError, OSError, IndexError) as error:
            raise ExportError(
                "A CT series of the export cannot be read.", details={"study": study.id, "phase": phase}
            ) from error
        image = as_volume(read.array, np.asarray(read.affine))
        check_grid(written.geometry, image.geometry, study=study.id)
        if not np.array_equal(written.array_zyx, image.array_zyx):
            raise ExportError(
                "An image has other voxels than the release.", details={"study": study.id, "phase": phase}
            )


def as_volume(array: Any, affine: Any) -> Volume:
    """A volume of highdicom, first index along slices of either direction, as (Z, Y, X) in LPS."""
    if affine[2, 0] < 0:
        array, affine = array[::-1], affine.copy()
        affine[:3, 3] += affine[:3, 0] * (array.shape[0] - 1)
        affine[:3, 0] *= -1
    turned = np.zeros((3, 3))
    turned[2, 0], turned[1, 1], turned[0, 2] = affine[2, 0], affine[1, 1], affine[0, 2]
    if not np.allclose(turned, affine[:3, :3], atol=1e-6):
        raise ExportError("An image of the export is turned.")
    spacing = (affine[0, 2], affine[1, 1], affine[2, 0])
    return Volume(array, VolumeGeometry(array.shape, spacing, tuple(affine[:3, 3])))
