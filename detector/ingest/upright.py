"""Tilted and sheared grids onto the patient's axes, by one linear interpolation.

A gantry tilt shears the stack: each row lies a little higher or lower than the one before it. Moving rows
within their slices (as dcm2niix does) gives a rectangular grid that is still oblique. The canonical grid is
upright, so each of its voxels is looked up where it lies in the patient, once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from detector.geometry import VolumeGeometry

Floats = npt.NDArray[np.float64]


def nearest_axes(steps: Floats) -> tuple[int, int, int]:
    """Which array axis (i, j, k) runs along each of x, y, z: slices along z, of the two others the nearer.

    `steps` is (3, 3): column a is the step of array axis a in LPS mm.
    """
    straight = abs(steps[0, 0] * steps[1, 1]) >= abs(steps[0, 1] * steps[1, 0])
    return (0, 1, 2) if straight else (1, 0, 2)


def upright_grid(shape_kji: tuple[int, int, int], steps: Floats, origin: Floats) -> VolumeGeometry:
    """The smallest grid along the patient's axes that holds every voxel centre, with the steps' lengths."""
    axes = nearest_axes(steps)
    lengths = np.linalg.norm(steps, axis=0)[list(axes)]
    last = np.array(shape_kji[::-1]) - 1
    corners = np.array([[i, j, k] for i in (0, last[0]) for j in (0, last[1]) for k in (0, last[2])])
    places = origin + corners @ steps.T
    low, high = places.min(axis=0), places.max(axis=0)
    counts = np.ceil((high - low) / lengths - 1e-3).astype(int) + 1
    return VolumeGeometry(
        shape_zyx=(int(counts[2]), int(counts[1]), int(counts[0])),
        spacing_xyz_mm=tuple(float(n) for n in lengths),  # type: ignore[arg-type]
        origin_xyz_mm=tuple(float(n) for n in low),  # type: ignore[arg-type]
    )


def resample(
    array_kji: npt.NDArray[np.generic],
    steps: Floats,
    origin: Floats,
    target: VolumeGeometry,
    *,
    outside: float,
    nearest: bool = False,
) -> npt.NDArray[np.generic]:
    """The array (k, j, i) on an upright grid (Z, Y, X), `outside` where it has nothing; same dtype."""
    inverse = np.linalg.inv(steps)
    scale = np.diag(target.spacing_xyz_mm)
    # (x, y, z) indices of the target to (i, j, k) of the array, then both turned round for numpy's order.
    matrix = (inverse @ scale)[::-1, ::-1]
    offset = (inverse @ (np.array(target.origin_xyz_mm) - origin))[::-1]
    out = np.empty(target.shape_zyx, dtype=array_kji.dtype if nearest else np.float32)
    ndimage.affine_transform(
        array_kji,
        matrix,
        offset,
        output_shape=target.shape_zyx,
        output=out,
        order=0 if nearest else 1,
        mode="constant",
        cval=outside,
    )
    return out if nearest else np.rint(out, out=out).astype(array_kji.dtype)
