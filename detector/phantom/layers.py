"""A noise-free phase as an ordered list of painted layers, and the soft shapes the layers are made of.

Coordinates are patient millimetres (x to the left, y to the back, z to the head) around the centre of the
body. Distances are signed: negative inside. A weight is the part of a voxel that a shape fills, in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Point = tuple[float, float, float]
Window = tuple[slice, slice, slice]
AIR_HU = -1000.0


@dataclass(frozen=True)
class Grid:
    """Voxel centres in mm along each axis: z (Z,), y (Y,), x (X,)."""

    z: Array
    y: Array
    x: Array

    @property
    def pixel_mm(self) -> float:
        return float(self.x[1] - self.x[0])

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.z.size, self.y.size, self.x.size)

    @property
    def whole(self) -> Window:
        return tuple(slice(0, n) for n in self.shape)  # type: ignore[return-value]

    def window(self, lo_xyz: Point, hi_xyz: Point) -> Window:
        """Slices (z, y, x) that cover the box, clipped to the grid; empty where it lies outside."""
        axes = (
            (self.z, lo_xyz[2], hi_xyz[2]),
            (self.y, lo_xyz[1], hi_xyz[1]),
            (self.x, lo_xyz[0], hi_xyz[0]),
        )
        return tuple(  # type: ignore[return-value]
            slice(max(int(np.searchsorted(a, lo)) - 1, 0), min(int(np.searchsorted(a, hi)) + 1, a.size))
            for a, lo, hi in axes
        )

    def around(self, centre: Point, reach_mm: Point) -> Window:
        lo = tuple(c - r for c, r in zip(centre, reach_mm, strict=True))
        hi = tuple(c + r for c, r in zip(centre, reach_mm, strict=True))
        return self.window(lo, hi)  # type: ignore[arg-type]

    def points(self, window: Window) -> tuple[Array, Array, Array]:
        """Broadcastable x (1, 1, X), y (1, Y, 1), z (Z, 1, 1) of a window."""
        z, y, x = window
        return self.x[None, None, x], self.y[None, y, None], self.z[z, None, None]


@dataclass(frozen=True)
class Layer:
    """Paint: where (`window`), how much of each voxel (`weight`), and in which HU by phase."""

    window: Window
    weight: Array
    hu: Mapping[str, float | Array]


def compose(grid: Grid, layers: Sequence[Layer], phase: str) -> Array:
    """Paints the layers in order over air; returns HU (Z, Y, X)."""
    image = np.full(grid.shape, AIR_HU, np.float32)
    for layer in layers:
        part = image[layer.window]
        part += layer.weight * (layer.hu[phase] - part)
    return image


def weight_of(distance_mm: Array, soft_mm: float) -> Array:
    """The filled part of voxels at a signed distance from a surface, linear over `soft_mm`."""
    return np.clip(np.float32(0.5) - distance_mm / np.float32(soft_mm), 0, 1)


def ramp(values: Array, edge: float, width: float) -> Array:
    """0 below the edge, 1 above, linear over `width`."""
    return np.clip((values - np.float32(edge)) / np.float32(width) + np.float32(0.5), 0, 1)


def ellipsoid_distance(x: Array, y: Array, z: Array, centre: Point, axes: Point) -> Array:
    """Signed distance to an ellipsoid, to first order: k (k - 1) / |grad k2|, exact on the surface."""
    px, py, pz = (v - np.float32(c) for v, c in zip((x, y, z), centre, strict=True))
    a, b, c = (np.float32(v) for v in axes)
    k = np.sqrt((px / a) ** 2 + (py / b) ** 2 + (pz / c) ** 2)
    slope = np.sqrt((px / a**2) ** 2 + (py / b**2) ** 2 + (pz / c**2) ** 2)
    return k * (k - 1) / np.maximum(slope, np.float32(1e-4))


def ellipse_distance(x: Array, y: Array, centre: tuple[float, float], axes: tuple[float, float]) -> Array:
    """Signed distance (1, Y, X) to an upright elliptic cylinder."""
    flat = np.zeros((1, 1, 1), np.float32)
    return ellipsoid_distance(x, y, flat, (*centre, 0.0), (*axes, 1.0))


def ellipsoid(grid: Grid, centre: Point, axes: Point, hu: Mapping[str, float | Array]) -> Layer:
    """A soft ellipsoid in one HU a phase."""
    reach = tuple(a + 2 * grid.pixel_mm for a in axes)
    window = grid.around(centre, reach)  # type: ignore[arg-type]
    distance = ellipsoid_distance(*grid.points(window), centre, axes)
    return Layer(window, weight_of(distance, grid.pixel_mm), hu)


def cylinder(
    grid: Grid, centre: tuple[float, float], axes: tuple[float, float], hu: Mapping[str, float | Array]
) -> Layer:
    """A soft elliptic cylinder along the whole body."""
    reach = tuple(a + 2 * grid.pixel_mm for a in axes)
    window = grid.around((*centre, 0.0), (*reach, 1e4))  # type: ignore[arg-type]
    x, y, _ = grid.points(window)
    return Layer(window, weight_of(ellipse_distance(x, y, centre, axes), grid.pixel_mm), hu)


def capsule_weight(
    grid: Grid, window: Window, start: Point, end: Point, radius: tuple[float, float], slice_mm: float
) -> Array:
    """Filled part (Z, Y, X) of a tapering tube, averaged over two levels of each thick slice."""
    a, b = np.asarray(start, np.float32), np.asarray(end, np.float32)
    axis = b - a
    length2 = max(float(axis @ axis), 1e-6)
    x, y, z = grid.points(window)
    px, py = x - a[0], y - a[1]
    total = np.zeros((), np.float32)
    for level in (-0.25, 0.25):
        pz = z - a[2] + np.float32(level * slice_mm)
        t = np.clip((px * axis[0] + py * axis[1] + pz * axis[2]) / np.float32(length2), 0, 1)
        away = np.sqrt((px - t * axis[0]) ** 2 + (py - t * axis[1]) ** 2 + (pz - t * axis[2]) ** 2)
        total = total + weight_of(away - (radius[0] + t * np.float32(radius[1] - radius[0])), grid.pixel_mm)
    return total / np.float32(2)


def smooth_field(
    x: Array, y: Array, z: Array, wavelength_mm: float, rng: np.random.Generator, waves: int = 7
) -> Array:
    """A smooth random field of unit variance: a sum of plane waves around one wavelength."""
    total = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
    for _ in range(waves):
        direction = rng.normal(size=3)
        k = direction / np.linalg.norm(direction) * 2 * np.pi / (wavelength_mm * rng.uniform(0.75, 1.35))
        kx, ky, kz = (np.float32(v) for v in k)
        total += np.cos(kx * x + ky * y + kz * z + np.float32(rng.uniform(0, 2 * np.pi)))
    return total * np.float32(np.sqrt(2 / waves))
