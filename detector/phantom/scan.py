"""From a noise-free phase to a CT phase: the patient breathes, the scanner blurs and adds noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import correlate1d, map_coordinates

from detector.geometry import Vector, VolumeGeometry
from detector.phantom.layers import Array
from detector.phantom.warp import Warp

_BLUR_SIGMA_MM = 1.0
HU_MIN, HU_MAX = -1024, 3071


def breathe(image: Array, shift_zyx: tuple[float, float, float], pad: int, slices: int) -> Array:
    """Moves the anatomy by (z, y, x) voxels and cuts the slices shown out of a stack padded by `pad`."""
    moved = _move(image, 0, pad - shift_zyx[0], slices)
    moved = _move(moved, 1, -shift_zyx[1], image.shape[1])
    return _move(moved, 2, -shift_zyx[2], image.shape[2])


def _move(image: Array, axis: int, first: float, count: int) -> Array:
    """`count` samples along an axis from a fractional index on, linearly; edges repeat."""
    whole = int(np.floor(first))
    part = np.float32(first - whole)
    last = image.shape[axis] - 1
    index = np.clip(np.arange(count) + whole, 0, last)
    here = image.take(index, axis)
    if part < 1e-6:
        return here
    return here * (1 - part) + image.take(np.clip(index + 1, 0, last), axis) * part


def bend(image: Array, geometry: VolumeGeometry, shift_xyz_mm: Vector, warp: Warp, pad: int) -> Array:
    """Moves and bends the anatomy of a stack padded by `pad` slices onto `geometry`, linearly."""
    out = np.empty(geometry.shape_zyx, np.float32)
    spacing, origin = np.array(geometry.spacing_xyz_mm), np.array(geometry.origin_xyz_mm)
    rows, columns = np.meshgrid(*(np.arange(n) for n in geometry.shape_zyx[1:]), indexing="ij")
    for z in range(geometry.shape_zyx[0]):
        shown = origin + np.stack([columns, rows, np.full_like(rows, z)], axis=-1) * spacing
        there = shown - np.array(shift_xyz_mm) + warp.displacement(shown)
        index = np.moveaxis((there - origin) / spacing, -1, 0)[::-1] + np.array([pad, 0, 0])[:, None, None]
        out[z] = map_coordinates(image, index, order=1, mode="nearest")
    return out


def acquire(
    image: Array, noise_hu: float, pixel_mm: float, rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """Blurs in plane and adds noise of the same grain; `noise_hu` is its standard deviation in the image."""
    sigma = _BLUR_SIGMA_MM / pixel_mm
    reach = max(1, round(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    # White noise filtered with k along two axes keeps sum(k^2) of its standard deviation.
    white = rng.standard_normal(image.shape, dtype=np.float32)
    scan = image + np.float32(noise_hu / float((kernel**2).sum())) * white
    for axis in (1, 2):
        scan = correlate1d(scan, kernel, axis=axis, mode="nearest")
    return np.clip(np.rint(scan), HU_MIN, HU_MAX).astype(np.int16)
