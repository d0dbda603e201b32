"""A found study as plain JSON and back, so that another process can read it without looking for it again.

One way for everything that finding gives: DICOM slices, volume files, manifests and the public sets. Only
the kinds listed here are ever made of what is read, so a record can name no code. It holds raw identifiers
and paths: whoever stores one keeps it as close as the scans themselves.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from detector.datasets.coco import ExportedLesions
from detector.datasets.deeplesion_boxes import Measured, MeasuredLesions
from detector.datasets.deeplesion_slices import PngSlices
from detector.datasets.nndetection import Instances
from detector.errors import DetectorError, ReadError
from detector.export.dataset import ExportBox, ExportStudy
from detector.geometry import Box3D, VolumeGeometry
from detector.ingest.described import Described, DescribedLabels
from detector.ingest.dicom_header import SliceHeader, Stored
from detector.ingest.dicom_seg import SegmentMask
from detector.ingest.drawn import DrawnLesions, LabelValues
from detector.ingest.found import DicomSource, FileSource, FoundSeries, FoundStudy

KINDS = {
    kind.__name__: kind
    for kind in (
        FoundStudy, FoundSeries, DicomSource, FileSource, SliceHeader, Stored, Described, DescribedLabels,
        LabelValues, DrawnLesions, SegmentMask, ExportedLesions, ExportStudy, ExportBox, Measured,
        MeasuredLesions, PngSlices, Instances, Box3D, VolumeGeometry,
    )
}  # fmt: skip
# Everything but plain values and lists is a list that begins with one of these, or with the name of a kind.
_LIST, _TUPLE, _DICT, _PATH, _DATE, _RANGE = "[", "(", "{", "/", "d", "r"


def to_record(found: FoundStudy) -> str:
    """The study as JSON; raises TypeError for a kind that is not listed here."""
    return json.dumps(_plain(found), separators=(",", ":"))


def from_record(text: str) -> FoundStudy:
    """The study again, equal to the one that was written.

    Raises:
        ReadError: the text is no record.
    """
    try:
        found = _made(json.loads(text))
    except (ValueError, KeyError, TypeError, IndexError, DetectorError) as error:
        raise ReadError("The note of a found study is damaged.", remedy="Import it again.") from error
    if not isinstance(found, FoundStudy):
        raise ReadError("The note of a found study is damaged.", remedy="Import it again.")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Path):
        return [_PATH, str(value)]
    if isinstance(value, date):
        return [_DATE, value.isoformat()]
    if isinstance(value, range):
        return [_RANGE, value.start, value.stop]
    if isinstance(value, list | tuple):
        return [_LIST if isinstance(value, list) else _TUPLE, *(_plain(v) for v in value)]
    if isinstance(value, dict):
        return [_DICT, *([_plain(k), _plain(v)] for k, v in value.items())]
    if is_dataclass(value) and KINDS.get(type(value).__name__) is type(value):
        return [type(value).__name__, *(_plain(getattr(value, f.name)) for f in fields(value))]
    raise TypeError(f"{type(value).__name__} has no place in a record.")


def _made(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    tag, *rest = value
    match tag:
        case "[":
            return [_made(v) for v in rest]
        case "(":
            return tuple(_made(v) for v in rest)
        case "{":
            return {_made(k): _made(v) for k, v in rest}
        case "/":
            return Path(rest[0])
        case "d":
            return date.fromisoformat(rest[0])
        case "r":
            return range(rest[0], rest[1])
    return KINDS[tag](*(_made(v) for v in rest))
