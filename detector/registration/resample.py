"""A phase through its transform onto the reference grid: what is stored, and made again from the original."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from detector.geometry import Box3D, VolumeGeometry, VoxelBox
from detector.images import to_image
from detector.registration.transform import Field, Transform
from detector.volume import AIR_HU, Volume

_SLAB = 8


def resample(moving: Volume, grid: VolumeGeometry, transform: Transform) -> Volume:
    """The moving phase (int16 HU) on the fixed grid, linearly, -1024 outside of what was scanned.

    The original is sampled once, through the whole of the transform.
    """
    at = _nudged_grid(grid, transform)
    if transform.field is None:
        still = replace(transform, nudge_mm=(0.0, 0.0, 0.0)).to_itk()
        # ITK cuts fractions off; a value a hair below a whole number would lose 1 HU.
        out = sitk.Resample(to_image(moving), _like(at), still, sitk.sitkLinear, AIR_HU, sitk.sitkFloat32)
        return Volume(np.rint(sitk.GetArrayViewFromImage(out)).astype(np.int16), grid)
    return Volume(_bent(moving, at, transform, transform.field), grid)


def resample_mask(mask: Volume, grid: VolumeGeometry, transform: Transform) -> Volume:
    """A mask (uint8 0/1) drawn on the moving phase, on the fixed grid, by nearest neighbour."""
    out = sitk.Resample(to_image(mask), _like(grid), transform.to_itk(), sitk.sitkNearestNeighbor, 0)
    return Volume(sitk.GetArrayFromImage(out), grid)


def resample_box(
    box: Box3D, moving: VolumeGeometry, grid: VolumeGeometry, transform: Transform
) -> Box3D | None:
    """A box drawn on the moving phase, on the fixed grid: what encloses all voxels that its own become; None
    where it leaves the grid. A turn or a bend makes it a little larger, never smaller."""
    drawn = np.zeros(moving.shape_zyx, np.uint8)
    drawn[moving.slices_from_box(box)] = 1
    there = np.asarray(resample_mask(Volume(drawn, moving), grid, transform).array_zyx) > 0
    if not there.any():
        return None
    edges = [np.flatnonzero(there.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    lo, hi = tuple(float(e[0]) for e in edges), tuple(float(e[-1] + 1) for e in edges)
    return grid.box_from_voxels(VoxelBox(lo, hi))  # type: ignore[arg-type]


def _nudged_grid(grid: VolumeGeometry, transform: Transform) -> VolumeGeometry:
    """Where the grid's voxels are looked up before anything but the nudge moves them."""
    x, y, z = (o - n for o, n in zip(grid.origin_xyz_mm, transform.nudge_mm, strict=True))
    return replace(grid, origin_xyz_mm=(x, y, z))


def _like(grid: VolumeGeometry) -> sitk.Image:
    """An empty image on a grid."""
    image = sitk.Image(grid.shape_zyx[::-1], sitk.sitkUInt8)
    image.SetSpacing(grid.spacing_xyz_mm)
    image.SetOrigin(grid.origin_xyz_mm)
    return image


def _bent(moving: Volume, grid: VolumeGeometry, transform: Transform, field: Field) -> npt.NDArray[np.int16]:
    """The transform but its nudge, which the grid has already. Slab by slab, so that the coordinates of a
    whole scan are never held at once."""
    import torch  # kept out of the web processes, which read studies' shapes alone
    from torch.nn import functional

    source = torch.from_numpy(np.array(moving.array_zyx, dtype=np.float32))[None, None]
    source -= AIR_HU  # air is 0, which is also what grid_sample gives outside
    matrix = torch.tensor(transform.matrix)
    centre, shift = torch.tensor(transform.centre_mm), torch.tensor(transform.translation_mm)
    origin, spacing = (
        torch.tensor(v) for v in (moving.geometry.origin_xyz_mm, moving.geometry.spacing_xyz_mm)
    )
    last = torch.tensor([max(n - 1, 1) for n in moving.geometry.shape_zyx[::-1]])
    x, y, z = (
        torch.arange(n) * s + o
        for n, s, o in zip(grid.shape_zyx[::-1], grid.spacing_xyz_mm, grid.origin_xyz_mm, strict=True)
    )
    out = np.empty(grid.shape_zyx, np.int16)
    for first in range(0, grid.shape_zyx[0], _SLAB):
        level = z[first : first + _SLAB]
        u = torch.from_numpy(_displacements(field, level.numpy(), y.numpy(), x.numpy()))
        points = torch.empty(len(level), len(y), len(x), 3)
        points[..., 0], points[..., 1], points[..., 2] = x, y[:, None], level[:, None, None]
        points += u.movedim(0, -1)
        index = (((points - centre) @ matrix.T + centre + shift) - origin) / spacing
        values = functional.grid_sample(
            source, (index / last * 2 - 1)[None], mode="bilinear", padding_mode="zeros", align_corners=True
        )[0, 0]
        outside = ((index < -0.5) | (index > last + 0.5)).any(-1)
        values[outside] = 0
        out[first : first + _SLAB] = (values + AIR_HU).round().to(torch.int16).numpy()
    return out


def _displacements(
    field: Field, z: npt.NDArray[np.float32], y: npt.NDArray[np.float32], x: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """The field (3, Z, Y, X) at the crossings of three axes in mm: linear weights, an axis at a time."""
    values = field.displacement_mm
    g = field.geometry
    for axis, at in enumerate((z, y, x)):
        steps, begin = g.spacing_xyz_mm[2 - axis], g.origin_xyz_mm[2 - axis]
        index = (at - begin) / steps
        weights = np.maximum(0, 1 - np.abs(index[:, None] - np.arange(g.shape_zyx[axis])))
        values = np.moveaxis(np.tensordot(weights, values, (1, axis + 1)), 0, axis + 1)
    return np.ascontiguousarray(values, dtype=np.float32)
