"""Geometry, decided once: physical millimetres in LPS, identity direction, outer voxel faces.

A volume's array is (Z, Y, X); spacing, origin and points are (x, y, z) and say so in their names.
`origin_xyz_mm` is the centre of voxel (0, 0, 0), as in ITK and DICOM. A box is bounded by the outer
faces of its voxels: face_mm = origin + (index_edge - 0.5) * spacing, where the voxels i0..i1 have the
edges i0 and i1 + 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from detector.errors import GeometryError

Vector = tuple[float, float, float]


def _vector(name: str, values: object) -> Vector:
    try:
        x, y, z = (float(v) for v in values)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise GeometryError(f"{name} must be three numbers.") from error
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        raise GeometryError(f"{name} must be finite.")
    return (x, y, z)


@dataclass(frozen=True, slots=True)
class Box3D:
    """An axis-aligned box in mm, LPS, (x, y, z), with lo < hi on every axis.

    Raises:
        GeometryError: not three finite numbers a corner, or lo >= hi on an axis.

    >>> Box3D((0, 0, 0), (10, 20, 5)).size_mm
    (10.0, 20.0, 5.0)
    """

    lo: Vector
    hi: Vector

    def __post_init__(self) -> None:
        object.__setattr__(self, "lo", _vector("lo", self.lo))
        object.__setattr__(self, "hi", _vector("hi", self.hi))
        if any(a >= b for a, b in zip(self.lo, self.hi, strict=True)):
            raise GeometryError(
                "A box needs lo < hi on every axis.", details={"lo": list(self.lo), "hi": list(self.hi)}
            )

    @property
    def size_mm(self) -> Vector:
        return (self.hi[0] - self.lo[0], self.hi[1] - self.lo[1], self.hi[2] - self.lo[2])

    @property
    def centre_mm(self) -> Vector:
        return tuple((a + b) / 2 for a, b in zip(self.lo, self.hi, strict=True))  # type: ignore[return-value]

    @property
    def volume_mm3(self) -> float:
        return math.prod(self.size_mm)

    def contains(self, point_xyz_mm: Vector) -> bool:
        """Whether a point lies in the box, faces included."""
        return all(a <= p <= b for a, p, b in zip(self.lo, point_xyz_mm, self.hi, strict=True))

    def as_json(self) -> dict[str, list[float]]:
        return {"lo": list(self.lo), "hi": list(self.hi)}

    @classmethod
    def from_json(cls, data: dict[str, object]) -> Box3D:
        """Reads {"lo": [x, y, z], "hi": [x, y, z]}; raises GeometryError where a corner is missing."""
        if "lo" not in data or "hi" not in data:
            raise GeometryError("A box needs lo and hi.")
        return cls(lo=data["lo"], hi=data["hi"])  # type: ignore[arg-type]


def intersection_mm3(a: Box3D, b: Box3D) -> float:
    """Shared volume of two boxes in mm3, 0 where they only touch."""
    sides = (min(ah, bh) - max(al, bl) for al, ah, bl, bh in zip(a.lo, a.hi, b.lo, b.hi, strict=True))
    return math.prod(max(0.0, s) for s in sides)


def iou(a: Box3D, b: Box3D) -> float:
    """Intersection over union of two boxes, in [0, 1].

    >>> iou(Box3D((0, 0, 0), (2, 2, 2)), Box3D((1, 0, 0), (3, 2, 2)))
    0.3333333333333333
    """
    shared = intersection_mm3(a, b)
    return shared / (a.volume_mm3 + b.volume_mm3 - shared)


@dataclass(frozen=True, slots=True)
class VoxelBox:
    """Index edges on one grid, in (z, y, x): voxels lo..hi-1, fractions allowed. Stays inside `detector`."""

    lo_zyx: Vector
    hi_zyx: Vector


@dataclass(frozen=True, slots=True)
class VolumeGeometry:
    """The grid of a canonical volume: LPS, identity direction.

    Raises:
        GeometryError: an axis with no voxels, or spacing that is not positive and finite.
    """

    shape_zyx: tuple[int, int, int]
    spacing_xyz_mm: Vector
    origin_xyz_mm: Vector
    frame_of_reference_uid: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape_zyx", tuple(int(n) for n in self.shape_zyx))
        object.__setattr__(self, "spacing_xyz_mm", _vector("spacing", self.spacing_xyz_mm))
        object.__setattr__(self, "origin_xyz_mm", _vector("origin", self.origin_xyz_mm))
        if len(self.shape_zyx) != 3 or min(self.shape_zyx) < 1:
            raise GeometryError("A volume needs at least one voxel on each of three axes.")
        if min(self.spacing_xyz_mm) <= 0:
            raise GeometryError("Spacing must be positive.")

    @property
    def extent(self) -> Box3D:
        """The outer faces of the whole volume."""
        z, y, x = self.shape_zyx
        return self.box_from_voxels(VoxelBox((0, 0, 0), (z, y, x)))

    def point_from_index(self, index_zyx: Vector) -> Vector:
        """Centre of a (fractional) voxel index (z, y, x) as a point (x, y, z) in mm."""
        z, y, x = index_zyx
        o, s = self.origin_xyz_mm, self.spacing_xyz_mm
        return (o[0] + x * s[0], o[1] + y * s[1], o[2] + z * s[2])

    def index_from_point(self, point_xyz_mm: Vector) -> Vector:
        """Fractional voxel index (z, y, x) of a point (x, y, z) in mm: the inverse of point_from_index."""
        o, s = self.origin_xyz_mm, self.spacing_xyz_mm
        x, y, z = ((p - a) / b for p, a, b in zip(point_xyz_mm, o, s, strict=True))
        return (z, y, x)

    def box_from_voxels(self, box: VoxelBox) -> Box3D:
        """Outer faces in mm of a box of index edges: origin + (edge - 0.5) * spacing."""
        lo = self.point_from_index(tuple(e - 0.5 for e in box.lo_zyx))  # type: ignore[arg-type]
        hi = self.point_from_index(tuple(e - 0.5 for e in box.hi_zyx))  # type: ignore[arg-type]
        return Box3D(lo, hi)

    def voxels_from_box(self, box: Box3D) -> VoxelBox:
        """Index edges of a box in mm, fractional and not clipped: the inverse of box_from_voxels."""
        lo = self.index_from_point(box.lo)
        hi = self.index_from_point(box.hi)
        return VoxelBox(tuple(i + 0.5 for i in lo), tuple(i + 0.5 for i in hi))  # type: ignore[arg-type]

    def slices_from_box(self, box: Box3D) -> tuple[slice, slice, slice]:
        """Array slices (z, y, x) of the voxels whose centres lie in the box, clipped to the grid; at least
        one voxel an axis, so that a box thinner than a slice still covers the slice nearest to it."""
        v = self.voxels_from_box(box)
        out = []
        for lo, hi, n in zip(v.lo_zyx, v.hi_zyx, self.shape_zyx, strict=True):
            first = min(max(math.ceil(lo - 0.5), 0), n - 1)
            last = min(max(math.ceil(hi - 0.5), first + 1), n)
            out.append(slice(first, last))
        return tuple(out)  # type: ignore[return-value]

    def as_json(self) -> dict[str, object]:
        return {
            "frame": "LPS",
            "unit": "mm",
            "shape_zyx": list(self.shape_zyx),
            "spacing_xyz_mm": list(self.spacing_xyz_mm),
            "origin_xyz_mm": list(self.origin_xyz_mm),
            "frame_of_reference_uid": self.frame_of_reference_uid,
        }

    @classmethod
    def from_json(cls, data: dict[str, object]) -> VolumeGeometry:
        """Reads what as_json writes; raises GeometryError where a field is missing."""
        try:
            return cls(
                shape_zyx=tuple(data["shape_zyx"]),  # type: ignore[arg-type]
                spacing_xyz_mm=data["spacing_xyz_mm"],  # type: ignore[arg-type]
                origin_xyz_mm=data["origin_xyz_mm"],  # type: ignore[arg-type]
                frame_of_reference_uid=str(data.get("frame_of_reference_uid", "")),
            )
        except (KeyError, TypeError) as error:
            raise GeometryError("A geometry needs shape_zyx, spacing_xyz_mm and origin_xyz_mm.") from error
