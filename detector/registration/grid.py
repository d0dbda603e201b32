"""The cubic grid around the liver that phases are compared on while they are bent."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from detector.geometry import VolumeGeometry
from detector.registration.transform import Transform
from detector.volume import Volume

_MAX_VOXELS = 1_500_000
_MARGIN_MM = 20.0


def work_grid(fixed: Volume, region: npt.NDArray[np.uint8] | None, spacing_mm: float) -> VolumeGeometry:
    """Cubes of a size, or larger where the region is, around the region with 20 mm, within the scan; an even
    number an axis. None takes the whole scan."""
    geometry = fixed.geometry
    lo, hi = np.array(geometry.extent.lo), np.array(geometry.extent.hi)
    if region is not None and region.any():
        spacing, origin = np.array(geometry.spacing_xyz_mm), np.array(geometry.origin_xyz_mm)
        for axis in range(3):
            others = tuple(a for a in range(3) if a != 2 - axis)
            there = np.flatnonzero(region.any(axis=others))
            lo[axis] = max(lo[axis], origin[axis] + there[0] * spacing[axis] - _MARGIN_MM)
            hi[axis] = min(hi[axis], origin[axis] + there[-1] * spacing[axis] + _MARGIN_MM)
    size = hi - lo
    step = max(spacing_mm, float(np.prod(size) / _MAX_VOXELS) ** (1 / 3))
    counts = np.maximum(np.ceil(size / step / 2).astype(int), 4) * 2
    first = (lo + hi) / 2 - (counts - 1) / 2 * step
    return VolumeGeometry(tuple(counts[::-1]), (step,) * 3, tuple(first))


def sampled(image: sitk.Image, transform: Transform, grid: VolumeGeometry) -> npt.NDArray[np.float32]:
    """The image through a transform on the grid; beyond the scan its border goes on."""
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(grid.shape_zyx[::-1])
    resampler.SetOutputSpacing(grid.spacing_xyz_mm)
    resampler.SetOutputOrigin(grid.origin_xyz_mm)
    resampler.SetTransform(transform.to_itk())
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.UseNearestNeighborExtrapolatorOn()
    return sitk.GetArrayFromImage(resampler.Execute(image))
