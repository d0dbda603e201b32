"""A DICOM header without the patient: the attributes that say how an image was made, and no more.

Two sieves one after the other. The basic profile of DICOM PS3.15 with retained modified dates is applied by
`dicom-anonymizer`, whose tables follow the standard's editions. Then only the attributes listed here stay, so
that what a table forgets, a nested sequence or a private tag cannot get through either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from typing import Any

import pydicom
from dicomanonymizer.simpledicomanonymizer import anonymize_dataset, initialize_actions
from pydicom.multival import MultiValue

from detector.deidentify.keyed import pseudonym, remapped_uid, shifted
from detector.errors import ReadError

EDITION = "dicomfields_2026c"
METHOD = "PS3.15 basic profile, modified dates, technique alone"

# Values that are codes, numbers, UIDs and dates; no attribute a person types into freely is among them.
KEPT = [
    "PatientID",
    "PatientName",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "SOPClassUID",
    "Modality",
    "Manufacturer",
    "ManufacturerModelName",
    "ImageType",
    "SeriesNumber",
    "AcquisitionNumber",
    "KVP",
    "ExposureTime",
    "XRayTubeCurrent",
    "Exposure",
    "FilterType",
    "FocalSpots",
    "ConvolutionKernel",
    "ScanOptions",
    "SliceThickness",
    "SpacingBetweenSlices",
    "PixelSpacing",
    "ImageOrientationPatient",
    "GantryDetectorTilt",
    "TableHeight",
    "ReconstructionDiameter",
    "DataCollectionDiameter",
    "RotationDirection",
    "PatientPosition",
    "SpiralPitchFactor",
    "SingleCollimationWidth",
    "TotalCollimationWidth",
    "CTDIvol",
    "Rows",
    "Columns",
    "BitsStored",
    "PixelRepresentation",
    "PhotometricInterpretation",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "BurnedInAnnotation",
    "LossyImageCompression",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "LongitudinalTemporalInformationModified",
]
_CODE = re.compile(r"[A-Za-z0-9 _.+/\\-]{0,64}")
# Short texts that scanners fill, and that a person could misuse: kept only where they look like a code.
_CODES = ("ConvolutionKernel", "ScanOptions", "FilterType", "Manufacturer", "ManufacturerModelName")
_NAMING = ("PatientID", "AccessionNumber", "StudyID", "OtherPatientIDs", "IssuerOfPatientID")
# As in the standard's profile, where they would be emptied although they say how the image was made.
_TECHNIQUE = ("Manufacturer", "ManufacturerModelName", "ScanOptions")
# Shorter ones (initials, a one-digit number) would be found in everything.
_MIN_NAME_LENGTH, _LONG_NAME = 3, 6


def deidentified(header: pydicom.Dataset, *, key: bytes, subject: str) -> pydicom.Dataset:
    """A new data set with what may be kept of a header; the given one is not changed.

    Args:
        header: of one image, with or without pixels.
        key: the installation's secret; subject: the patient's identifier, from which the pseudonym and the
            shift of the dates follow.
    Raises:
        ReadError: code header where it cannot be taken apart.
    """
    try:
        copy = _readable(header)
        technique = {name: copy.get(name) for name in _TECHNIQUE}
        names = _names(copy)
        anonymize_dataset(
            copy, _rules(key, pseudonym(key, subject)), True, lambda: initialize_actions(EDITION)
        )
        kept = pydicom.Dataset()
        for name in KEPT:
            value = technique.get(name) if name in _TECHNIQUE else copy.get(name)
            if value is not None and _is_harmless(name, value, names):
                setattr(kept, name, value)
    except Exception as error:  # a hostile header may break any step; its text must not get out
        raise ReadError(
            "The series' header cannot be freed of identifiers.", remedy="Export the series again."
        ) from error
    name = pseudonym(key, subject)
    kept.PatientID, kept.PatientName = name, name
    kept.PatientIdentityRemoved = "YES"
    kept.DeidentificationMethod = METHOD
    kept.LongitudinalTemporalInformationModified = "MODIFIED"
    return kept


def _readable(header: pydicom.Dataset) -> pydicom.Dataset:
    """A copy without pixels, and without elements whose values do not fit their kind."""
    copy = pydicom.Dataset()
    for tag in header.keys():  # noqa: SIM118 - a data set iterates over values, which may not convert
        try:
            if tag.group != 0x7FE0:
                element = deepcopy(header[tag])
                # pydicom turns text into numbers late; this makes it do so here.
                pydicom.Dataset({tag: element}).to_json()
                copy[tag] = element
        except Exception:  # noqa: S112 - what cannot be read cannot be kept; there is nothing to say
            continue
    return copy


Tag = tuple[int, int]
Rule = Callable[[pydicom.Dataset, Tag], None]


def _rules(key: bytes, name: str) -> dict[Tag, Rule]:
    """The profile's U and date attributes by our key in place of the library's random and fixed values."""

    def remap(data: pydicom.Dataset, tag: Tag) -> None:
        element = data.get(tag)
        if element is None:
            return
        values = element.value if isinstance(element.value, MultiValue) else [element.value]
        new = [remapped_uid(key, str(v)) for v in values]
        element.value = new if isinstance(element.value, MultiValue) else new[0]

    def move(data: pydicom.Dataset, tag: Tag) -> None:
        element = data.get(tag)
        if element is not None:
            element.value = _moved(str(element.value), key, name)

    uids = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
    dates = ("StudyDate", "SeriesDate", "AcquisitionDate")
    rules: dict[Tag, Rule] = dict.fromkeys(map(_tag, uids), remap)
    return rules | dict.fromkeys(map(_tag, dates), move)


def _tag(name: str) -> Tag:
    tag = pydicom.tag.Tag(name)
    return tag.group, tag.element


def _moved(text: str, key: bytes, name: str) -> str:
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return ""
    return shifted(key, name, day).strftime("%Y%m%d")


def _names(header: pydicom.Dataset) -> set[str]:
    """The words that name a person or a case anywhere in a header, in upper case."""
    words: set[str] = set()
    for element in header.iterall():
        if element.VR == "PN" or element.keyword in _NAMING:
            words.update(re.split(r"[\s^=,;\\]+", str(element.value).upper()))
    return {w for w in words if len(w) >= _MIN_NAME_LENGTH}


def _is_harmless(name: str, value: Any, names: set[str]) -> bool:
    if name in _CODES:
        values = value if isinstance(value, MultiValue | list) else [value]
        text = " ".join(map(str, values)).upper()
        return all(_CODE.fullmatch(str(v)) for v in values) and not _holds_name(text, names)
    return not isinstance(value, pydicom.Sequence | bytes)


def _holds_name(text: str, names: set[str]) -> bool:
    """Whether a name is a word of the text, or a long one a part of it: ANNE is no part of SCANNER."""
    words = set(re.split(r"[^\w]+", text))
    return any(n in words or (len(n) >= _LONG_NAME and n in text) for n in names)
