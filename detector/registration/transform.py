"""Where a point of the reference phase lies in another phase; small enough to be kept beside the volumes.

A stored volume is derived: the original, resampled through its transform, gives it again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from detector.errors import ReadError, ShapeError
from detector.geometry import Vector, VolumeGeometry

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Field:
    """Displacements in mm on a coarse grid: (3, Z, Y, X) float32, components x, y, z; linear in between,
    none beyond the grid.

    Raises:
        ShapeError: the array does not have the grid's shape.
    """

    displacement_mm: npt.NDArray[np.float32]
    geometry: VolumeGeometry

    def __post_init__(self) -> None:
        if self.displacement_mm.shape != (3, *self.geometry.shape_zyx):
            raise ShapeError(
                f"A field {self.displacement_mm.shape} does not fit grid {self.geometry.shape_zyx}."
            )

    def lengths_mm(self) -> npt.NDArray[np.float32]:
        """(Z, Y, X)."""
        return np.asarray(np.linalg.norm(self.displacement_mm, axis=0), dtype=np.float32)

    def at(self, points_xyz_mm: Floats) -> Floats:
        """Displacements (..., 3) at points (..., 3)."""
        origin, spacing = np.array(self.geometry.origin_xyz_mm), np.array(self.geometry.spacing_xyz_mm)
        index = np.moveaxis((points_xyz_mm - origin) / spacing, -1, 0)[::-1]
        parts = [ndimage.map_coordinates(c, index, order=1, mode="constant") for c in self.displacement_mm]
        return np.asarray(np.stack(parts, axis=-1), dtype=float)

    def determinants(self) -> Floats:
        """Jacobian determinants of p -> p + displacement(p), (Z, Y, X); where they are not positive the
        field folds."""
        steps = self.geometry.spacing_xyz_mm[::-1]
        jacobian = np.empty((*self.geometry.shape_zyx, 3, 3))
        for row in range(3):
            slopes = np.gradient(self.displacement_mm[row].astype(float), *steps)
            for column in range(3):
                jacobian[..., row, column] = slopes[2 - column] + (row == column)
        return np.asarray(np.linalg.det(jacobian))


@dataclass(frozen=True, slots=True)
class Transform:
    """p -> matrix (q + field(q) - centre) + centre + translation with q = p - nudge, from fixed to moving,
    mm LPS.

    The nudge is a person's: it moves the phase, as it is seen on the fixed grid, by exactly this vector.
    """

    matrix: tuple[Vector, Vector, Vector] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    translation_mm: Vector = (0.0, 0.0, 0.0)
    centre_mm: Vector = (0.0, 0.0, 0.0)
    field: Field | None = None
    nudge_mm: Vector = (0.0, 0.0, 0.0)

    @property
    def rigid(self) -> Transform:
        """The transform without its field."""
        return replace(self, field=None)

    @property
    def is_identity(self) -> bool:
        return self.field is None and self.shift_mm == 0 and self.turn_deg == 0 and not any(self.nudge_mm)

    @property
    def shift_mm(self) -> float:
        """How far the rigid part moves its centre."""
        return float(np.linalg.norm(self.translation_mm))

    @property
    def turn_deg(self) -> float:
        """By how much the rigid part turns."""
        cosine = (np.trace(np.array(self.matrix)) - 1) / 2
        return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))

    def points(self, points_xyz_mm: npt.ArrayLike) -> Floats:
        """The images of points (..., 3)."""
        points = np.asarray(points_xyz_mm, dtype=float) - np.array(self.nudge_mm)
        if self.field is not None:
            points = points + self.field.at(points)
        centre = np.array(self.centre_mm)
        return np.asarray(
            (points - centre) @ np.array(self.matrix).T + centre + np.array(self.translation_mm)
        )

    def to_itk(self) -> sitk.Transform:
        """The same as an ITK transform, for resampling."""
        rigid = sitk.AffineTransform(3)
        rigid.SetMatrix([v for row in self.matrix for v in row])
        rigid.SetCenter(self.centre_mm)
        rigid.SetTranslation(self.translation_mm)
        parts: list[sitk.Transform] = [rigid]
        if self.field is not None:
            image = sitk.GetImageFromArray(
                np.moveaxis(self.field.displacement_mm, 0, -1).astype(np.float64), isVector=True
            )
            image.SetSpacing(self.field.geometry.spacing_xyz_mm)
            image.SetOrigin(self.field.geometry.origin_xyz_mm)
            parts.append(sitk.DisplacementFieldTransform(image))
        if any(self.nudge_mm):
            parts.append(sitk.TranslationTransform(3, [-v for v in self.nudge_mm]))
        # The last one is applied first.
        return sitk.CompositeTransform(parts) if len(parts) > 1 else rigid


def write_transform(transform: Transform, path: Path) -> None:
    """Writes `path` (.json), and a field beside it (.npy)."""
    data: dict[str, Any] = {
        "maps": "fixed to moving, LPS, mm",
        "matrix": [list(row) for row in transform.matrix],
        "translation_mm": list(transform.translation_mm),
        "centre_mm": list(transform.centre_mm),
        "field": transform.field.geometry.as_json() if transform.field else None,
        "nudge_mm": list(transform.nudge_mm),
    }
    path.write_text(json.dumps(data, indent=1))
    if transform.field:
        np.save(path.with_suffix(".npy"), transform.field.displacement_mm, allow_pickle=False)


def read_transform(path: Path) -> Transform:
    """Reads what write_transform wrote.

    Raises:
        ReadError: a file is missing or damaged.
    """
    try:
        data = json.loads(path.read_text())
        field = None
        if data["field"] is not None:
            array = np.load(path.with_suffix(".npy"), allow_pickle=False)
            field = Field(array, VolumeGeometry.from_json(data["field"]))
        return Transform(
            matrix=tuple(tuple(float(v) for v in row) for row in data["matrix"]),  # type: ignore[arg-type]
            translation_mm=tuple(data["translation_mm"]),
            centre_mm=tuple(data["centre_mm"]),
            field=field,
            # Absent from transforms of before phases could be nudged.
            nudge_mm=tuple(float(v) for v in data.get("nudge_mm", (0, 0, 0))),  # type: ignore[arg-type]
        )
    except (OSError, ValueError, KeyError, TypeError, ShapeError) as error:
        raise ReadError(
            "A stored transform is missing or damaged.", remedy="Import the study again."
        ) from error
