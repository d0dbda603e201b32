"""What discovery needs of one DICOM object: a CT slice, or each frame of an enhanced CT, without pixels."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from detector.errors import ReadError
from detector.ingest.dicom_file import Fields
from detector.ingest.dicom_frames import FRAME_TAGS, Frame, frames_of
from detector.ingest.dicom_objects import ENHANCED_CT, NotASlice, not_a_slice
from detector.ingest.dicom_times import acquired_at, date_of
from detector.ingest.problems import unreadable

MAX_SIDE = 4096
_KEYWORDS = [
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID",
    "PatientID", "PatientName", "StudyDate", "StudyTime", "Modality", "ImageType", "SeriesNumber",
    "SeriesDescription", "AcquisitionNumber", "AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime",
    "ContentDate", "ContentTime", "InstanceNumber", "TemporalPositionIdentifier", "IrradiationEventUID",
    "ConvolutionKernel", "SliceThickness", "Rows", "Columns", "PixelSpacing", "ImageOrientationPatient",
    "ImagePositionPatient", "NumberOfFrames", "SamplesPerPixel", "BitsAllocated", "BitsStored",
    "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleSlope",
    "RescaleIntercept", "ModalityLUTSequence", "KVP", *FRAME_TAGS,
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """How the pixels of one slice are stored. `offset` is where 16-bit little-endian pixels begin in the
    file, None where they must be decoded; `frame` counts from 0 in a multi-frame file, None in others.

    `rescale` is (slope, intercept), None where a table or nothing is given; `padding` the lowest and highest
    stored value that stand for no measurement.
    """

    offset: int | None
    frame: int | None
    signed: bool
    bits: int
    rescale: tuple[float, float] | None
    padding: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """One CT slice before its pixels are read. Uids and the patient are raw: they stay in memory.

    `orientation` (row x, y, z, column x, y, z) and `position` (x, y, z) are LPS, mm. `acquisition_time` is
    "" where the header's time is no more than that of the study. `event` names the exposure, where the
    scanner does.
    """

    path: Path
    sop_uid: str
    study_uid: str
    series_uid: str
    patient: str
    study_date: date | None
    series_number: int | None
    description: str
    image_type: tuple[str, ...]
    kernel: str
    thickness_mm: float | None
    acquisition: int | None
    acquisition_time: str
    acquired_at: float | None
    temporal: str
    event: str
    instance: int | None
    rows: int
    columns: int
    pixel_spacing: tuple[float, float]
    orientation: tuple[float, ...]
    position: tuple[float, float, float]
    frame_of_reference: str
    stored: Stored
    tube_kv: float | None = None


def read_headers(path: Path) -> list[SliceHeader] | NotASlice:
    """The slices that one object of the archive holds: one, or every frame of an enhanced CT.

    Raises:
        ReadError: codes damaged, unreadable, too_large, no_geometry, no_uid, colour, no_frames.
    """
    try:
        with path.open("rb") as file:
            fields = Fields(path, file, _KEYWORDS)
            size = os.fstat(file.fileno()).st_size
        if left_out := not_a_slice(fields):
            return left_out
        if fields.text("SOPClassUID") in ENHANCED_CT:
            return [_slice(path, size, fields, frame) for frame in frames_of(fields)]
        return [_slice(path, size, fields, _classic(fields))]
    except (ReadError, MemoryError):
        raise
    except OSError as error:
        raise unreadable("unreadable", "The file cannot be opened.", "See that it may be read.") from error
    except Exception as error:  # values of the wrong kind surface only when they are touched
        raise unreadable(
            "damaged", "The DICOM header holds impossible values.", "Export the series again."
        ) from error


def _classic(fields: Fields) -> Frame:
    slope, intercept = fields.decimals("RescaleSlope"), fields.decimals("RescaleIntercept")
    return Frame(
        number=None,
        instance=fields.number("InstanceNumber"),
        acquisition=fields.number("AcquisitionNumber"),
        temporal=fields.text("TemporalPositionIdentifier"),
        image_type=tuple(fields.text("ImageType").split("\\")),
        kernel=fields.text("ConvolutionKernel"),
        thickness_mm=_first(fields.decimals("SliceThickness")),
        spacing=fields.decimals("PixelSpacing"),
        orientation=fields.decimals("ImageOrientationPatient"),
        position=fields.decimals("ImagePositionPatient"),
        rescale=(slope[0] if slope else 1.0, intercept[0]) if intercept else None,
        acquired_at=acquired_at(fields),
    )


def _first(values: Sequence[float]) -> float | None:
    return values[0] if values else None


def _slice(path: Path, size: int, fields: Fields, frame: Frame) -> SliceHeader:
    rows, columns = fields.number("Rows") or 0, fields.number("Columns") or 0
    _check_place(frame, rows, columns)
    if (fields.number("SamplesPerPixel") or 1) != 1:
        raise unreadable("colour", "The image is in colour.", "Import CT images only.")
    study, series = fields.text("StudyInstanceUID"), fields.text("SeriesInstanceUID")
    if not study or not series:
        raise unreadable("no_uid", "The slice names no study or series.", "Export the series again.")
    time = fields.text("AcquisitionTime")
    return SliceHeader(
        path=path,
        sop_uid=fields.text("SOPInstanceUID") + ("" if frame.number is None else f" {frame.number}"),
        study_uid=_once(study),
        series_uid=_once(series),
        patient=_once(fields.text("PatientID") or fields.text("PatientName")),
        study_date=date_of(fields.text("StudyDate")),
        series_number=fields.number("SeriesNumber"),
        description=_once(fields.text("SeriesDescription")),
        image_type=tuple(map(_once, frame.image_type)),
        kernel=_once(frame.kernel),
        thickness_mm=frame.thickness_mm,
        acquisition=frame.acquisition,
        # Anonymisers write the study's time, or midnight, over those of the acquisitions.
        acquisition_time="" if time == fields.text("StudyTime") or not time.strip("0.:") else time,
        acquired_at=frame.acquired_at,
        temporal=frame.temporal,
        event=_once(fields.text("IrradiationEventUID")),
        instance=frame.instance,
        rows=rows,
        columns=columns,
        pixel_spacing=frame.spacing,  # type: ignore[arg-type]
        orientation=frame.orientation,
        position=frame.position,  # type: ignore[arg-type]
        frame_of_reference=_once(fields.text("FrameOfReferenceUID")),
        stored=_stored(size, fields, frame, rows * columns),
        tube_kv=_tube_kv(fields.text("KVP")),
    )


def _once(text: str) -> str:
    """The same text, kept once: the slices of a series repeat most of their header."""
    return sys.intern(str(text))


def _tube_kv(text: str) -> float | None:
    """The tube's voltage, where it is one that scanners have."""
    try:
        kv = float(text)
    except ValueError:
        return None
    return kv if 60 <= kv <= 160 else None


def _check_place(frame: Frame, rows: int, columns: int) -> None:
    if max(rows, columns) > MAX_SIDE:
        raise unreadable("too_large", f"A slice of {columns} x {rows} pixels is no CT.", "Export it again.")
    numbers = np.array([*frame.spacing, *frame.orientation, *frame.position])
    sizes = len(frame.spacing), len(frame.orientation), len(frame.position)
    good = sizes == (2, 6, 3) and rows > 0 and columns > 0
    # Beyond 100 m, or without extent, a number is no place in a scanner; NaN compares as neither.
    if good and float(np.abs(numbers).max()) < 1e5 and min(frame.spacing) > 0:
        row, column = np.reshape(frame.orientation, (2, 3))
        lengths = float(row @ row), float(column @ column)
        good = max(abs(n - 1) for n in lengths) < 2e-2 and abs(float(row @ column)) < 1e-2
    else:
        good = False
    if not good:
        raise unreadable(
            "no_geometry",
            "The slice does not say where it lies (pixel spacing, orientation, position).",
            "Export the original series with its full header.",
        )


def _stored(size: int, fields: Fields, frame: Frame, pixels: int) -> Stored:
    allocated = fields.number("BitsAllocated") or 16
    signed = fields.number("PixelRepresentation") == 1
    offset = None
    if fields.pixels and allocated == 16:
        start, length = fields.pixels
        offset = start + 2 * pixels * (frame.number or 0)
        # What does not fit is left to the slow way, which says what is wrong with it.
        if offset + 2 * pixels > min(start + length, size):
            offset = None
    ends = [_as_stored(fields, n, allocated, signed) for n in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    known = [e for e in ends if e is not None]
    return Stored(
        offset=offset,
        frame=frame.number,
        signed=signed,
        bits=min(fields.number("BitsStored") or allocated, allocated),
        rescale=None if "ModalityLUTSequence" in fields else frame.rescale,
        padding=(min(known), max(known)) if ends[0] is not None else None,
    )


def _as_stored(fields: Fields, name: str, allocated: int, signed: bool) -> int | None:
    """A padding value as the pixels hold it: some exporters write a signed one as unsigned, or otherwise."""
    number = fields.number(name)
    if number is None:
        return None
    top = 1 << allocated
    number %= top
    return number - top if signed and number >= top // 2 else number
