"""What discovery needs of one DICOM object, and which objects are no CT slice."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pydicom.config
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from detector.errors import ReadError
from detector.ingest.problems import unreadable

# Odd values are the daily bread of an archive; what matters of them is checked below. pydicom's own
# complaints quote the values, and a value may be a name.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module=r"pydicom(\..*)?")

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
_ENHANCED_CT = ("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")
_DIRECTORY = "1.2.840.10008.1.3.10"
_STORAGE = "1.2.840.10008.5.1.4.1.1."

_TAGS = [
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID",
    "PatientID", "PatientName", "StudyDate", "Modality", "ImageType", "SeriesNumber", "SeriesDescription",
    "AcquisitionNumber", "AcquisitionTime", "InstanceNumber", "Rows", "Columns", "PixelSpacing",
    "ImageOrientationPatient", "ImagePositionPatient", "NumberOfFrames", "SamplesPerPixel", "KVP",
]  # fmt: skip

# (words in ImageType or the description, code, what to call it): first match wins.
_BY_WORDS = (
    (("LOCALIZER", "SCOUT", "TOPOGRAM", "SURVIEW"), "localizer", "A localizer"),
    (("DOSE", "PATIENT PROTOCOL", "EXAM SUMMARY"), "dose_report", "A dose report or exam summary"),
    (("SCREEN SAVE", "SCREENSAVE"), "secondary_capture", "A screen capture"),
    (("BOLUS TRACKING", "MONITORING", "SMARTPREP", "CT_SOM5 MON"), "monitoring", "Bolus tracking"),
    (("MIP", "MINIP", "MAXIMUM INTENSITY", "PROJECTION IMAGE", "VOLUME RENDERING", "VRT", "PERFUSION"),
     "derived", "A projection, rendering or map"),
)  # fmt: skip
_BY_CLASS = (
    ("7", "secondary_capture", "A secondary capture"),
    ("88.67", "dose_report", "A radiation dose report"),
    ("88", "report", "A structured report"),
    ("66", "segmentation", "A segmentation"),
    ("11", "presentation_state", "A presentation state"),
    ("104", "report", "An encapsulated document"),
    ("481", "radiotherapy", "A radiotherapy object"),
)


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """One CT slice before its pixels are read. Uids and the patient are raw: they stay in memory.

    `orientation` (row x, y, z, column x, y, z) and `position` (x, y, z) are LPS, mm.
    """

    path: Path
    sop_uid: str
    study_uid: str
    series_uid: str
    patient: str
    study_date: date | None
    series_number: int | None
    description: str
    acquisition: int | None
    acquisition_time: str
    instance: int | None
    rows: int
    columns: int
    pixel_spacing: tuple[float, float]
    orientation: tuple[float, ...]
    position: tuple[float, float, float]
    frame_of_reference: str
    tube_kv: float | None = None


@dataclass(frozen=True, slots=True)
class NotASlice:
    """A DICOM object that is no CT slice: why, and whether every archive holds such (`routine`)."""

    code: str
    message: str
    remedy: str
    routine: bool
    group: str


def is_dicom(path: Path) -> bool:
    """Whether the file says that it is DICOM, or reads as such without saying so. Never raises."""
    try:
        with path.open("rb") as file:
            head = file.read(132)
        if head[128:] == b"DICM":
            return True
        # Without the preamble a file must begin with group 0002 or 0008 in little endian.
        if head[:2] not in (b"\x02\x00", b"\x08\x00") or head[3:4] != b"\x00":
            return False
        return "SOPClassUID" in pydicom.dcmread(path, force=True, specific_tags=["SOPClassUID"])
    except Exception:
        return False


def read_dataset(path: Path, **options: Any) -> pydicom.Dataset:
    """pydicom's reader with every failure turned into one named error.

    Raises:
        ReadError: code damaged.
    """
    # A hostile or cut file makes pydicom raise nearly any exception, so nearly any is caught.
    try:
        data = pydicom.dcmread(path, force=True, **options)
        if not data.file_meta.get("TransferSyntaxUID"):
            implicit = data.original_encoding[0] is not False
            data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        return data
    except MemoryError:
        raise
    except Exception as error:
        raise unreadable(
            "damaged", "The DICOM file is truncated or damaged.", "Export the series again."
        ) from error


def read_header(path: Path) -> SliceHeader | NotASlice:
    """Header of one object of the archive.

    Raises:
        ReadError: code damaged where the header cannot be read.
    """
    data = read_dataset(path, stop_before_pixels=True, specific_tags=[*_TAGS])
    try:
        return _not_a_slice(data) or _slice(path, data)
    except ReadError:
        raise
    except Exception as error:  # values of the wrong kind surface only when they are touched
        raise unreadable(
            "damaged", "The DICOM header holds impossible values.", "Export the series again."
        ) from error


def _text(data: pydicom.Dataset, name: str) -> str:
    value = data.get(name)
    return "" if value is None else str(value).strip()


def _whole(data: pydicom.Dataset, name: str) -> int | None:
    text = _text(data, name)
    return int(float(text)) if text else None


def _not_a_slice(data: pydicom.Dataset) -> NotASlice | None:
    sop_class = _text(data, "SOPClassUID")
    group = _text(data, "SeriesInstanceUID")

    def left_out(code: str, what: str, remedy: str = "", *, routine: bool = True) -> NotASlice:
        message = f"{what} is not read as a phase."
        return NotASlice(code, message, remedy or "Nothing needs to be done.", routine, group)

    if _DIRECTORY in (sop_class, str(data.file_meta.get("MediaStorageSOPClassUID", ""))):
        return left_out("index", "A DICOMDIR index")
    words = " ".join([_text(data, "SeriesDescription"), *map(str, _image_type(data))]).upper()
    for found, code, what in _BY_WORDS:
        if any(_has_word(words, w) for w in found):
            return left_out(code, what)
    if sop_class.startswith(_STORAGE):
        number = sop_class[len(_STORAGE) :]
        for prefix, code, what in _BY_CLASS:
            if number == prefix or number.startswith(prefix + "."):
                return left_out(code, what)
    if sop_class in _ENHANCED_CT or (_whole(data, "NumberOfFrames") or 1) > 1:
        return left_out(
            "multiframe", "A multi-frame object", "Export it as classic single-frame CT.", routine=False
        )
    if sop_class != CT_IMAGE or _text(data, "Modality").upper() not in ("CT", ""):
        modality = _text(data, "Modality").upper()
        named = modality if modality.isalpha() and len(modality) <= 4 else "unknown"
        return left_out("not_ct", f"An object of modality {named}", "Import CT images only.", routine=False)
    return None


def _image_type(data: pydicom.Dataset) -> list[str]:
    value = data.get("ImageType")
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _has_word(text: str, word: str) -> bool:
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not before.isalpha() and not after.isalpha():
            return True
        start = text.find(word, end)
    return False


def _slice(path: Path, data: pydicom.Dataset) -> SliceHeader:
    try:
        spacing = tuple(float(v) for v in data.PixelSpacing)
        orientation = tuple(float(v) for v in data.ImageOrientationPatient)
        position = tuple(float(v) for v in data.ImagePositionPatient)
        numbers = np.array([*spacing, *orientation, *position])
        sizes = len(spacing), len(orientation), len(position)
        if sizes != (2, 6, 3) or not np.isfinite(numbers).all():
            raise ValueError
        rows, columns = int(data.Rows), int(data.Columns)
        lengths = np.linalg.norm(np.reshape(orientation, (2, 3)), axis=1)
        if np.abs(lengths - 1).max() > 1e-2 or abs(np.dot(orientation[:3], orientation[3:])) > 1e-2:
            raise ValueError
    except (AttributeError, TypeError, ValueError) as error:
        raise unreadable(
            "no_geometry",
            "The slice does not say where it lies (pixel spacing, orientation, position).",
            "Export the original series with its full header.",
        ) from error
    if (_whole(data, "SamplesPerPixel") or 1) != 1:
        raise unreadable("colour", "The image is in colour.", "Import CT images only.")
    study, series = _text(data, "StudyInstanceUID"), _text(data, "SeriesInstanceUID")
    if not study or not series:
        raise unreadable("no_uid", "The slice names no study or series.", "Export the series again.")
    return SliceHeader(
        path=path,
        sop_uid=_text(data, "SOPInstanceUID"),
        study_uid=study,
        series_uid=series,
        patient=_text(data, "PatientID") or _text(data, "PatientName"),
        study_date=_date(_text(data, "StudyDate")),
        series_number=_whole(data, "SeriesNumber"),
        description=_text(data, "SeriesDescription"),
        acquisition=_whole(data, "AcquisitionNumber"),
        acquisition_time=_text(data, "AcquisitionTime"),
        instance=_whole(data, "InstanceNumber"),
        rows=rows,
        columns=columns,
        pixel_spacing=spacing,  # type: ignore[arg-type]
        orientation=orientation,
        position=position,  # type: ignore[arg-type]
        frame_of_reference=_text(data, "FrameOfReferenceUID"),
        tube_kv=_tube_kv(_text(data, "KVP")),
    )


def _tube_kv(text: str) -> float | None:
    """The tube's voltage, where it is one that scanners have."""
    try:
        kv = float(text)
    except ValueError:
        return None
    return kv if 60 <= kv <= 160 else None


def _date(text: str) -> date | None:
    digits = text.replace(".", "").replace("-", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
