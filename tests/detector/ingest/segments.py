"""DICOM segmentations written with pydicom alone, as TCIA's collections hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.pixels import pack_bits
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from detector.geometry import VolumeGeometry
from detector.ingest.dicom_seg import LABEL_MAP, SEGMENTATION


def write_segmentation(
    path: Path,
    segments: Mapping[str, np.ndarray],
    grid: VolumeGeometry,
    *,
    study: str,
    series: str,
    patient: str = "P1",
    kind: str = "BINARY",
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
    shift_mm: tuple[float, float, float] = (0, 0, 0),
) -> Path:
    """One object: each segment (Z, Y, X) on `grid`, empty slices left out, from the head down. With an
    orientation that runs against x or y the pixels are turned accordingly."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = LABEL_MAP if kind == "LABELMAP" else SEGMENTATION
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID = study, f"{study}.300"
    data.Modality, data.SeriesNumber, data.SeriesDescription = "SEG", 300, "Segmentation"
    data.PatientID, data.StudyDate = patient, "19980215"
    data.ReferencedSeriesSequence = [_item(SeriesInstanceUID=series)]
    data.SegmentSequence = [
        _item(SegmentNumber=n, SegmentLabel=label) for n, label in enumerate(segments, start=1)
    ]
    data.SegmentationType = kind
    data.SharedFunctionalGroupsSequence = [
        _item(
            PlaneOrientationSequence=[_item(ImageOrientationPatient=list(orientation))],
            PixelMeasuresSequence=[_item(PixelSpacing=list(grid.spacing_xyz_mm[1::-1]))],
        )
    ]
    frames, groups = _frames(segments, grid, orientation, shift_mm, kind)
    data.PerFrameFunctionalGroupsSequence = groups
    data.Rows, data.Columns, data.NumberOfFrames = *frames.shape[1:], len(frames)
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated = data.BitsStored = 1 if kind == "BINARY" else 8
    data.HighBit = data.BitsStored - 1
    if kind == "FRACTIONAL":
        data.MaximumFractionalValue = 200
        frames = frames * 100
    data.PixelData = pack_bits(frames.ravel()) if kind == "BINARY" else frames.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    return path


def _frames(
    segments: Mapping[str, np.ndarray],
    grid: VolumeGeometry,
    orientation: Sequence[float],
    shift_mm: tuple[float, float, float],
    kind: str,
) -> tuple[np.ndarray, list[Dataset]]:
    flip_x, flip_y = orientation[0] < 0, orientation[4] < 0
    frames, groups = [], []
    for number, mask in enumerate(segments.values(), start=1):
        for z in reversed(range(len(mask))):
            if not mask[z].any():
                continue
            plane = mask[z][:: -1 if flip_y else 1, :: -1 if flip_x else 1]
            first = (z, mask.shape[1] - 1 if flip_y else 0, mask.shape[2] - 1 if flip_x else 0)
            place = [p + s for p, s in zip(grid.point_from_index(first), shift_mm, strict=True)]
            group = _item(PlanePositionSequence=[_item(ImagePositionPatient=place)])
            if kind == "LABELMAP":
                plane = plane * number
            else:
                group.SegmentIdentificationSequence = [_item(ReferencedSegmentNumber=number)]
            frames.append(plane.astype(np.uint8))
            groups.append(group)
    return np.stack(frames), groups


def _item(**values: object) -> Dataset:
    item = Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    return item
