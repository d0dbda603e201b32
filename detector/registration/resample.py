"""A phase through its transform onto the reference grid: what is stored, and made again from the original."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from detector.geometry import VolumeGeometry
from detector.images import to_image
from detector.registration.transform import Field, Transform
from detector.volume import AIR_HU, Volume

_SLAB = 8


def resample(moving: Volume, grid: VolumeGeometry, transform: Transform) -> Volume:
    """The moving phase (int16 HU) on the fixed grid, linearly, -1024 outside of what was scanned."""
    if transform.field is None:
        like = sitk.Image(grid.shape_zyx[::-1], sitk.sitkUInt8)
        like.SetSpacing(grid.spacing_xyz_mm)
        like.SetOrigin(grid.origin_xyz_mm)
        out = sitk.Resample(
            to_image(moving), like, transform.to_itk(), sitk.sitkLinear, AIR_HU, sitk.sitkInt16
        )
        return Volume(sitk.GetArrayFromImage(out), grid)
    return Volume(_bent(moving, grid, transform, transform.field), grid)


def _bent(moving: Volume, grid: VolumeGeometry, transform: Transform, field: Field) -> npt.NDArray[np.int16]:
    """Slab by slab, so that the coordinates of a whole scan are never held at once."""
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
