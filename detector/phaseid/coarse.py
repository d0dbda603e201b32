"""A CT series made small: about 2 mm in plane and 4 mm between slices are enough to tell its phase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.volume import Volume

IN_PLANE_MM = 2.5  # at most
BETWEEN_SLICES_MM = (4.0, 15.0)
MAX_SLICES = 45
MIN_SLICES = 5

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Coarse:
    """HU (Z, Y, X) float32, LPS, and the spacing (z, y, x) in mm."""

    hu: Floats
    spacing_zyx_mm: tuple[float, float, float]


def slice_step(n_slices: int, spacing_z_mm: float) -> int:
    """How many slices to go on for the next one that is read: about 4 mm and at most 45 slices in all, but
    never more than 15 mm nor fewer than 5 slices.

    >>> slice_step(69, 2.5), slice_step(400, 0.625), slice_step(20, 10.0), slice_step(8, 1.0)
    (2, 9, 1, 1)
    """
    least, most = BETWEEN_SLICES_MM
    wanted = max(round(least / spacing_z_mm), -(-n_slices // MAX_SLICES))
    return max(1, min(wanted, int(most / spacing_z_mm), (n_slices - 1) // (MIN_SLICES - 1)))


def coarsen(volume: Volume) -> Coarse:
    """Takes every n-th slice and averages pixels in plane, which also tames noise.

    Rows and columns that fill no whole block are cut off at the far edge.
    """
    x, y, z = volume.geometry.spacing_xyz_mm
    step = slice_step(volume.geometry.shape_zyx[0], z)
    by_y, by_x = (max(1, int(IN_PLANE_MM / s)) for s in (y, x))
    array = volume.array_zyx[::step]
    rows, columns = array.shape[1] // by_y, array.shape[2] // by_x
    blocks = array[:, : rows * by_y, : columns * by_x].reshape(len(array), rows, by_y, columns, by_x)
    hu = np.asarray(blocks.mean(axis=(2, 4), dtype=np.float32))
    return Coarse(hu, (z * step, y * by_y, x * by_x))
