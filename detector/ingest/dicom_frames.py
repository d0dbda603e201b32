"""Enhanced CT: one file with many frames, each with a place and a rescale in its functional groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pydicom

from detector.ingest.dicom_file import Fields
from detector.ingest.dicom_times import acquired_at, seconds_of_datetime
from detector.ingest.problems import unreadable

FRAME_TAGS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_MAX_FRAMES = 20_000


@dataclass(frozen=True, slots=True)
class Frame:
    """What may differ from frame to frame; for a classic slice, what its header says of the same."""

    number: int | None
    instance: int | None
    acquisition: int | None
    temporal: str
    image_type: tuple[str, ...]
    kernel: str
    thickness_mm: float | None
    spacing: tuple[float, ...]
    orientation: tuple[float, ...]
    position: tuple[float, ...]
    rescale: tuple[float, float] | None
    acquired_at: float | None


def frames_of(fields: Fields) -> list[Frame]:
    """Every frame of an enhanced CT, what is shared by all filled in (PS3.3 C.7.6.16).

    Raises:
        ReadError: code no_frames where the file does not describe each of its frames.
    """
    data = fields.data
    count = fields.number("NumberOfFrames") or 0
    groups = list(data.get("PerFrameFunctionalGroupsSequence") or [])
    if not 0 < count <= _MAX_FRAMES or len(groups) != count:
        raise unreadable(
            "no_frames",
            f"The multi-frame object has {count} frames and describes {len(groups)}.",
            "Export it again, or as single-frame CT.",
        )
    shared = list(data.get("SharedFunctionalGroupsSequence") or [])
    common = shared[0] if shared else pydicom.Dataset()
    at = acquired_at(fields)
    return [_frame(i, group, common, fields, at) for i, group in enumerate(groups)]


def _frame(
    number: int, own: pydicom.Dataset, common: pydicom.Dataset, fields: Fields, at: float | None
) -> Frame:
    def macro(sequence: str) -> pydicom.Dataset:
        for group in (own, common):
            items = group.get(sequence)
            if items:
                return items[0]
        return pydicom.Dataset()

    content, measures = macro("FrameContentSequence"), macro("PixelMeasuresSequence")
    values = macro("PixelValueTransformationSequence")
    intercept = _decimals(values.get("RescaleIntercept"))
    slope = _decimals(values.get("RescaleSlope"))
    kind = macro("CTImageFrameTypeSequence").get("FrameType") or fields.text("ImageType").split("\\")
    thickness = _decimals(measures.get("SliceThickness"))
    time = seconds_of_datetime(str(content.get("FrameAcquisitionDateTime") or ""))
    acquisition = content.get("FrameAcquisitionNumber")
    return Frame(
        number=number,
        instance=number + 1,
        acquisition=None if acquisition is None else int(acquisition),
        temporal=_temporal(content, fields),
        image_type=tuple(str(k) for k in kind),
        kernel=str(macro("CTReconstructionSequence").get("ConvolutionKernel") or ""),
        thickness_mm=thickness[0] if thickness else None,
        spacing=_decimals(measures.get("PixelSpacing")),
        orientation=_decimals(macro("PlaneOrientationSequence").get("ImageOrientationPatient")),
        position=_decimals(macro("PlanePositionSequence").get("ImagePositionPatient")),
        rescale=(slope[0] if slope else 1.0, intercept[0]) if intercept else None,
        acquired_at=at if time is None else time,
    )


def _temporal(content: pydicom.Dataset, fields: Fields) -> str:
    """Temporal position and stack of a frame: frames that differ in either belong to two volumes."""
    parts = [content.get("TemporalPositionIndex"), content.get("StackID")]
    return " ".join("" if p is None else str(p) for p in parts).strip()


def _decimals(value: Any) -> tuple[float, ...]:
    if value is None or value == "":
        return ()
    many = isinstance(value, (list, tuple, pydicom.multival.MultiValue))
    return tuple(float(v) for v in (value if many else [value]))
