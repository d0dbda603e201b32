"""From two diameters on one slice to a box in space, with what was looked at kept beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.errors import GeometryError
from detector.geometry import Box3D, VolumeGeometry
from detector.ingest.problems import unreadable
from detector.ingest.truth import Truth, TruthLesion, with_primary


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of the table. `diameters` is (4, 2): the ends of the long axis, then of the short one, in
    pixels (x, y); `bounding_box` is (left, top, right, bottom) in pixels; `slice_range` was published."""

    key_slice: int
    diameters: tuple[tuple[float, float], ...]
    bounding_box: tuple[float, ...]
    slice_range: tuple[int, int]
    possibly_noisy: bool = False


def measured(
    *, key_slice: int, coordinates: Sequence[float], bounding_box: Sequence[float], slice_range: Sequence[int]
) -> Measured:
    """A row of the table; raises ValueError where numbers are missing, not finite, or no box."""
    if len(coordinates) != 8 or len(bounding_box) != 4 or len(slice_range) != 2:
        raise ValueError
    if not all(math.isfinite(v) for v in (*coordinates, *bounding_box)):
        raise ValueError
    ends = tuple(zip(coordinates[::2], coordinates[1::2], strict=True))
    left, top, right, bottom = bounding_box
    first, last = sorted(slice_range)
    if left >= right or top >= bottom or not first <= key_slice <= last:
        raise ValueError
    return Measured(key_slice, ends, (left, top, right, bottom), (first, last))


def box_of(lesion: Measured, spacing: tuple[float, float, float]) -> Box3D:
    """The box of the ellipsoid that the two diameters span: in plane the ellipse's own extent, in z the short
    diameter, centred on the key slice; at least one slice thick.

    DeepLesion's own box (padded by 5 pixels) has no depth, and the paper of SaDT says only that lesions were
    converted. The two axes are taken as perpendicular, as RECIST has them, about the middle of the four ends.
    """
    scale = np.array(spacing[:2])
    ends = np.array(lesion.diameters) * scale
    long_axis, short_axis = ends[1] - ends[0], ends[3] - ends[2]
    if np.linalg.norm(short_axis) > np.linalg.norm(long_axis):
        long_axis, short_axis = short_axis, long_axis
    centre = ends.mean(axis=0)
    half = np.hypot(long_axis, short_axis) / 2  # of an ellipse with these axes, along x and along y
    half = np.maximum(half, scale / 2)
    z = -lesion.key_slice * spacing[2]
    depth = max(float(np.linalg.norm(short_axis)), spacing[2]) / 2
    lo = (float(centre[0] - half[0]), float(centre[1] - half[1]), z - depth)
    return Box3D(lo, (float(centre[0] + half[0]), float(centre[1] + half[1]), z + depth))


@dataclass(frozen=True, slots=True)
class MeasuredLesions:
    """The measured lesions of a stretch of slices. Others may be there, unmarked."""

    lesions: tuple[Measured, ...]
    spacing: tuple[float, float, float]
    grid: VolumeGeometry

    def read(self) -> Truth:
        """Boxes within the grid, each with its measurement in mm.

        Raises:
            ReadError: code outside where a measurement lies outside its slice.
        """
        found = [
            TruthLesion(self._within(box_of(m, self.spacing)), None, False, attributes=self._said(m))
            for m in self.lesions
        ]
        return Truth(with_primary(found), complete=False)

    def _within(self, box: Box3D) -> Box3D:
        edge = self.grid.extent
        lo = tuple(max(a, b) for a, b in zip(box.lo, edge.lo, strict=True))
        hi = tuple(min(a, b) for a, b in zip(box.hi, edge.hi, strict=True))
        try:
            return Box3D(lo, hi)  # type: ignore[arg-type]
        except GeometryError as error:
            raise unreadable(
                "outside", "A measurement lies outside its slice.", "Copy the table again."
            ) from error

    def _said(self, m: Measured) -> dict[str, object]:
        """What was annotated, in mm LPS: training is to learn nothing from beyond `annotated_z_mm`."""
        sx, sy, sz = self.spacing
        key = -m.key_slice * sz
        first, last = m.slice_range
        left, top, right, bottom = m.bounding_box
        return {
            "measurement": "recist",
            "key_slice_z_mm": key,
            "annotated_z_mm": [key - sz / 2, key + sz / 2],
            "published_z_mm": [-last * sz - sz / 2, -first * sz + sz / 2],
            "diameters_mm": [[x * sx, y * sy, key] for x, y in m.diameters],
            "bounding_box_mm": [left * sx, top * sy, right * sx, bottom * sy],
            "possibly_noisy": m.possibly_noisy,
        }
