"""DICOM segmentations: their segments by name, and each as a mask on the grid of the CT they were drawn on.

Frames lie where their own position says; an object may leave empty slices out. Binary, fractional (inside
from half of the maximum) and label-map objects are read (DICOM PS3.3 A.51, C.8.20).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom

from detector.errors import ReadError
from detector.geometry import VolumeGeometry
from detector.ingest.canonical import MAX_VOXELS, to_lps
from detector.ingest.dicom_file import read_dataset
from detector.ingest.dicom_grid import stack_grid
from detector.ingest.dicom_header import SliceHeader
from detector.ingest.problems import unreadable
from detector.volume import Volume

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
# A frame belongs to the slice whose place it has; a quarter of a slice is more than rounding.
_OFF_SLICE = 0.25
_OTHER_THICKNESS = 1.5
_TUMOUR = re.compile(r"mass|tumou?r|lesion|hcc|neoplasm|carcinoma", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Segmentation:
    """One object: the study and the series it was drawn on (raw uids), and its segments' labels by number."""

    path: Path
    study_uid: str
    series_uid: str
    segments: dict[int, str]

    @property
    def tumours(self) -> tuple[int, ...]:
        """The numbers of the segments whose label names a tumour."""
        return tuple(n for n, label in self.segments.items() if _TUMOUR.search(label))


def read_segmentation(path: Path) -> Segmentation | None:
    """The header of a segmentation, None for any other object.

    Raises:
        ReadError: codes damaged and segmentation.
    """
    data = read_dataset(path, stop_before_pixels=True)
    if str(data.get("SOPClassUID", "")) not in (SEGMENTATION, LABEL_MAP):
        return None
    try:
        referenced = data.get("ReferencedSeriesSequence") or []
        segments = {int(s.SegmentNumber): str(s.get("SegmentLabel", "")) for s in data.SegmentSequence}
        series = str(referenced[0].SeriesInstanceUID) if referenced else ""
        return Segmentation(path, str(data.StudyInstanceUID), series, segments)
    except Exception as error:  # values of the wrong kind surface only when they are touched
        raise _not_readable() from error


@dataclass(frozen=True, slots=True)
class SegmentMask:
    """Some segments of an object as one mask on the grid of a stack of CT slices."""

    path: Path
    numbers: tuple[int, ...]
    stack: Sequence[SliceHeader]

    def read(self) -> Volume:
        """uint8 0/1 (Z, Y, X), LPS; raises what segments_on_grid and stack_grid raise."""
        return segments_on_grid(self.path, self.numbers, stack_grid(self.stack).geometry())


def segments_on_grid(path: Path, numbers: Sequence[int], grid: VolumeGeometry) -> Volume:
    """The union of some segments as uint8 0/1 (Z, Y, X) on a grid: each frame on the slice it lies at, its
    pixels by nearest neighbour. Segments without a frame give an empty mask.

    Raises:
        ReadError: codes damaged, too_large and segmentation; oblique where its frames are; other_grid where
            they lie between the slices, outside of them, or at another distance.
    """
    data = read_dataset(path)
    try:
        planes = _planes(data, set(numbers))
    except (ReadError, MemoryError):
        raise
    except Exception as error:
        raise _not_readable() from error
    out = np.zeros(grid.shape_zyx, np.uint8)
    heights = sorted({round(p.geometry.origin_xyz_mm[2], 3) for p in planes})
    gaps = np.diff(heights)
    step = grid.spacing_xyz_mm[2]
    if len(gaps) and not step / _OTHER_THICKNESS <= gaps.min() <= step * _OTHER_THICKNESS:
        raise _elsewhere("The segmentation's slices are another distance apart than the scan's.")
    for plane in planes:
        z = grid.index_from_point(plane.geometry.origin_xyz_mm)[0]
        if abs(z - round(z)) > _OFF_SLICE or not 0 <= round(z) < grid.shape_zyx[0]:
            raise _elsewhere("The segmentation does not lie on the scan's slices.")
        out[round(z)] |= _in_plane(plane, grid)
    return Volume(out, grid)


def _in_plane(plane: Volume, grid: VolumeGeometry) -> npt.NDArray[np.uint8]:
    """A plane (1, Y, X) on the pixels of a grid (Y, X), empty where the plane does not reach."""
    out = np.zeros(grid.shape_zyx[1:], np.uint8)
    rows, inside_rows = _nearest(grid, plane.geometry, 1)
    columns, inside_columns = _nearest(grid, plane.geometry, 0)
    out[np.ix_(inside_rows, inside_columns)] = plane.array_zyx[0][np.ix_(rows, columns)]
    return out


def _nearest(
    grid: VolumeGeometry, plane: VolumeGeometry, axis: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Indices of the plane's pixels nearest to the grid's along x (0) or y (1), where the plane reaches."""
    places = grid.origin_xyz_mm[axis] + np.arange(grid.shape_zyx[2 - axis]) * grid.spacing_xyz_mm[axis]
    index = np.rint((places - plane.origin_xyz_mm[axis]) / plane.spacing_xyz_mm[axis]).astype(np.intp)
    inside = (index >= 0) & (index < plane.shape_zyx[2 - axis])
    return index[inside], inside


def _planes(data: pydicom.Dataset, numbers: set[int]) -> list[Volume]:
    """The frames of the wanted segments, each as a volume (1, Y, X) in LPS."""
    frames = int(data.get("NumberOfFrames", 1))
    if not 0 < frames * int(data.Rows) * int(data.Columns) <= 8 * MAX_VOXELS:
        raise unreadable("too_large", "The segmentation has more frames than a CT can have.")
    pixels = np.asarray(data.pixel_array).reshape(frames, int(data.Rows), int(data.Columns))
    kind = str(data.get("SegmentationType", "BINARY"))
    shared = data.SharedFunctionalGroupsSequence[0] if "SharedFunctionalGroupsSequence" in data else None
    planes = []
    for frame, groups in zip(pixels, data.PerFrameFunctionalGroupsSequence, strict=True):
        if kind == "LABELMAP":
            inside = np.isin(frame, list(numbers))
        elif int(_of(groups, shared, "SegmentIdentificationSequence").ReferencedSegmentNumber) in numbers:
            inside = frame >= (int(data.MaximumFractionalValue) / 2 if kind == "FRACTIONAL" else 1)
        else:
            continue
        orientation = [
            float(v) for v in _of(groups, shared, "PlaneOrientationSequence").ImageOrientationPatient
        ]
        position = _of(groups, shared, "PlanePositionSequence").ImagePositionPatient
        row_mm, column_mm = (float(v) for v in _of(groups, shared, "PixelMeasuresSequence").PixelSpacing)
        row, column = np.array(orientation[:3]), np.array(orientation[3:])
        planes.append(
            to_lps(
                inside[None].astype(np.uint8),
                direction=np.stack([row, column, np.cross(row, column)], axis=1),
                origin_xyz_mm=np.array([float(v) for v in position]),
                spacing_ijk_mm=np.array([column_mm, row_mm, 1.0]),
            )
        )
    return planes


def _of(groups: pydicom.Dataset, shared: pydicom.Dataset | None, name: str) -> Any:
    """A frame's own item of a functional group, else the one that all frames share."""
    holder = groups if name in groups else shared
    if holder is None:
        raise KeyError(name)
    return holder[name].value[0]


def _elsewhere(message: str) -> ReadError:
    return unreadable("other_grid", message, "Give the segmentation that was drawn on this series.")


def _not_readable() -> ReadError:
    return unreadable(
        "segmentation",
        "The segmentation does not say its segments and where its frames lie.",
        "Export it again as DICOM SEG.",
    )
