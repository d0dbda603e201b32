"""From a noise-free phase to a CT phase: the patient breathes, the scanner blurs and adds noise."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Scanner:
    """A kernel and its noise. `noise_hu` is the standard deviation in the image, at the rim of the body;
    `noise_middle` how much greater it is in its middle, where the rays have come farthest. `sharpness` adds
    so much of what the blur took away; `beside` is the part of each neighbour in a slice."""

    noise_hu: float
    blur_sigma_mm: float = _BLUR_SIGMA_MM
    sharpness: float = 0.0
    noise_middle: float = 0.0
    beside: float = 0.0

    def acquire(self, image: Array, pixel_mm: float, rng: np.random.Generator) -> npt.NDArray[np.int16]:
        """Blurs in plane and adds noise of the same grain."""
        if self.beside:
            profile = np.array([self.beside, 1 - 2 * self.beside, self.beside], np.float32)
            image = correlate1d(image, profile, axis=0, mode="nearest")
        kernel = self._kernel(pixel_mm)
        # White noise filtered with k along two axes keeps sum(k^2) of its standard deviation.
        white = rng.standard_normal(image.shape, dtype=np.float32)
        if self.noise_middle:
            white *= self._noise_map(image.shape[1:], pixel_mm)
        scan = image + np.float32(self.noise_hu / float((kernel**2).sum())) * white
        for axis in (1, 2):
            scan = correlate1d(scan, kernel, axis=axis, mode="nearest")
        return np.clip(np.rint(scan), HU_MIN, HU_MAX).astype(np.int16)

    def _kernel(self, pixel_mm: float) -> npt.NDArray[np.float32]:
        sigma = self.blur_sigma_mm / pixel_mm
        reach = max(1, round(3 * sigma * (2 if self.sharpness else 1)))
        at = np.arange(-reach, reach + 1)
        kernel = np.exp(-0.5 * (at / sigma) ** 2)
        kernel /= kernel.sum()
        if self.sharpness:
            wide = np.exp(-0.5 * (at / (2 * sigma)) ** 2)
            kernel = (1 + self.sharpness) * kernel - self.sharpness * wide / wide.sum()
        return np.asarray(kernel, dtype=np.float32)

    def _noise_map(self, shape_yx: tuple[int, ...], pixel_mm: float) -> Array:
        y, x = ((np.arange(n) - (n - 1) / 2) * pixel_mm for n in shape_yx)
        middle = np.exp(-(y[:, None] ** 2 + x[None] ** 2) / (2 * 90.0**2))
        return (1 + self.noise_middle * middle).astype(np.float32)
