"""The deformable step: liver and surroundings, MIND features, convex search, then Adam.

All on a cubic grid around the region, coarser than the scan: breath bends a liver over centimetres.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
import torch
from torch import Tensor
from torch.nn import functional

from detector.geometry import VolumeGeometry
from detector.images import to_image
from detector.registration.adam import refine
from detector.registration.convex import search
from detector.registration.grid import sampled, work_grid
from detector.registration.mind import mind
from detector.registration.similarity import shrunk
from detector.registration.transform import Field, Transform
from detector.volume import Volume

WORK_MM = 2.5
_WEIGHT_MM = 12.0
_CELL = 2
_POOL = 2
_REACH_CELLS = 3
_DISTANCE = 3  # of the neighbours that a place is compared with, in voxels
_FADE_CELLS = 6


def device() -> torch.device:
    """What fields are searched on: a GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def find_field(
    moving: Volume,
    fixed: Volume,
    region: npt.NDArray[np.uint8] | None,
    rigid: Transform,
    device: torch.device,
) -> Field:
    """The displacement that, after a rigid transform, lays `moving` onto `fixed` (int16 HU) in a region.

    Args:
        region: (Z, Y, X) mask on the fixed grid; None takes everything.
    On a CPU the same input gives the same field.
    """
    grid = work_grid(fixed, region, WORK_MM)
    still = sampled(shrunk(fixed, WORK_MM, up=False), Transform(), grid)
    moved = sampled(shrunk(moving, WORK_MM, up=False), rigid, grid)
    weight = _weight(moving, fixed, region, rigid, grid)
    here, there = (_cells(mind(torch.from_numpy(v).to(device), distance=_DISTANCE)) for v in (still, moved))
    weights = _cells(torch.from_numpy(weight).to(device)[None])[0]
    return _faded(displacements(here, there, weights).cpu().numpy(), grid)


def displacements(here: Tensor, there: Tensor, weights: Tensor) -> Tensor:
    """(3, Z, Y, X), components z, y, x, in cells, from features (C, Z, Y, X) of the fixed and the moving
    phase and weights (Z, Y, X); on the device that these are on."""
    coarse = search(here, there, weights, reach=_REACH_CELLS, pool=_POOL)
    start = functional.interpolate(coarse[None], size=weights.shape, mode="trilinear")[0]
    return refine(here, there, weights, start)


def _faded(cells: npt.NDArray[np.float32], grid: VolumeGeometry) -> Field:
    """Displacements (3, Z, Y, X) in cells, components z, y, x, as a field that fades to nothing within 30 mm
    of what was looked at."""
    cell_mm = _CELL * grid.spacing_xyz_mm[0]
    wide = np.pad(cells, ((0, 0), *((_FADE_CELLS,) * 2,) * 3), mode="edge")
    fade = 0.5 - 0.5 * np.cos(np.pi * np.arange(_FADE_CELLS) / _FADE_CELLS)
    for axis in (1, 2, 3):
        ramp = np.ones(wide.shape[axis])
        ramp[:_FADE_CELLS], ramp[-_FADE_CELLS:] = fade, fade[::-1]
        wide *= ramp.reshape([-1 if a == axis else 1 for a in range(4)])
    offset = (_CELL - 1) / 2 * grid.spacing_xyz_mm[0] - _FADE_CELLS * cell_mm
    origin = tuple(o + offset for o in grid.origin_xyz_mm)
    geometry = VolumeGeometry(wide.shape[1:], (cell_mm,) * 3, origin)  # type: ignore[arg-type]
    return Field(np.ascontiguousarray(wide[::-1] * cell_mm, dtype=np.float32), geometry)


def _weight(
    moving: Volume,
    fixed: Volume,
    region: npt.NDArray[np.uint8] | None,
    rigid: Transform,
    grid: VolumeGeometry,
) -> npt.NDArray[np.float32]:
    """(Z, Y, X) on the grid: 1 in and around the region where both phases were scanned, else 0."""
    z, y, x = (np.arange(n) for n in grid.shape_zyx)
    index = np.stack(np.meshgrid(x, y, z, indexing="ij"), -1).astype(float)
    points = np.array(grid.origin_xyz_mm) + index * np.array(grid.spacing_xyz_mm)
    matrix, centre = np.array(rigid.matrix), np.array(rigid.centre_mm)
    there = (points - centre) @ matrix.T + centre + np.array(rigid.translation_mm)
    weight = np.ones(grid.shape_zyx, np.float32)
    for at, volume in ((points, fixed), (there, moving)):
        extent = volume.geometry.extent
        inside = ((at >= np.array(extent.lo)) & (at <= np.array(extent.hi))).all(-1)
        weight *= inside.transpose(2, 1, 0)
    if region is not None and region.any():
        mask = to_image(Volume(np.asarray(region, np.uint8), fixed.geometry))
        near = sampled(sitk.Cast(mask, sitk.sitkFloat32), Transform(), grid) > 0.5
        image = sitk.GetImageFromArray(near.astype(np.uint8))
        image.SetSpacing(grid.spacing_xyz_mm)
        away = sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True)
        weight *= sitk.GetArrayFromImage(away) <= _WEIGHT_MM
    return weight


def _cells(values: Tensor) -> Tensor:
    """(C, Z, Y, X) averaged over the voxels of each cell."""
    return functional.avg_pool3d(values[None], _CELL)[0]
