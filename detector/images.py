"""Between Volume and SimpleITK, and whether two grids are one."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from detector.geometry import VolumeGeometry
from detector.volume import Volume


def to_image(volume: Volume) -> sitk.Image:
    """The volume as a SimpleITK image on the same grid."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(volume.array_zyx))
    image.SetSpacing(volume.geometry.spacing_xyz_mm)
    image.SetOrigin(volume.geometry.origin_xyz_mm)
    return image


def same_grid(a: VolumeGeometry, b: VolumeGeometry) -> bool:
    """Whether two grids are one to a thousandth of a voxel."""
    ends = zip((*a.extent.lo, *a.extent.hi), (*b.extent.lo, *b.extent.hi), strict=True)
    return a.shape_zyx == b.shape_zyx and all(
        abs(p - q) <= 1e-3 * s for (p, q), s in zip(ends, 2 * b.spacing_xyz_mm, strict=True)
    )
