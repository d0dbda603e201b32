"""Axial crops on a fixed millimetre grid, and the planes of a box on it. Lesions keep their size in mm.

A crop is `side` x `side` pixels of `spacing_mm`, (Y, X), centred on a point of the volume. Nothing is
resized to fit, but where `grid_filled_by` is asked to: a lesion twice as large in mm covers twice the pixels
along each axis.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.contracts import StudyImages
from detector.errors import PhaseError
from detector.geometry import Box3D, VolumeGeometry
from detector.volume import Volume

AIR_HU = -1000.0
WINDOW_HU = (-20.0, 200.0)  # narrow: lesions differ from the liver by a few tens of HU

Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CropGrid:
    """The pixel grid of a crop: its centre (x, y) and pixel size (x, y) in mm, and pixels a side."""

    centre_xy_mm: tuple[float, float]
    spacing_xy_mm: tuple[float, float]
    side: int

    def centres_mm(self, axis: int) -> npt.NDArray[np.float64]:
        """Pixel centres in mm along x (axis 0) or y (axis 1)."""
        offsets = (np.arange(self.side) - (self.side - 1) / 2) * self.spacing_xy_mm[axis]
        return np.asarray(offsets + self.centre_xy_mm[axis], dtype=np.float64)

    @property
    def extent_xy_mm(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The outer faces: lowest and highest (x, y) in mm."""
        pairs = list(zip(self.centre_xy_mm, self.spacing_xy_mm, strict=True))
        (x0, y0), (x1, y1) = ([c + sign * s * self.side / 2 for c, s in pairs] for sign in (-1, 1))
        return (x0, y0), (x1, y1)


def grid_around(
    box: Box3D, spacing_mm: float, side: int, shift_xy_mm: Sequence[float] = (0.0, 0.0)
) -> CropGrid:
    """The crop grid centred on a box, optionally moved by (x, y) mm."""
    x, y, _ = box.centre_mm
    return CropGrid((x + shift_xy_mm[0], y + shift_xy_mm[1]), (spacing_mm, spacing_mm), side)


def grid_filled_by(box: Box3D, side: int) -> CropGrid:
    """The crop grid that a box's axial outline fills exactly: the one that resizes a lesion."""
    x, y, _ = box.centre_mm
    width, height, _ = box.size_mm
    return CropGrid((x, y), (width / side, height / side), side)


def _weights(targets: npt.NDArray[np.float64], origin: float, spacing: float, n: int, pixel: float) -> Image:
    """(targets, n) rows of a triangular kernel: linear interpolation where the crop is finer than the volume,
    an anti-aliased average where it is coarser. Rows of targets outside the voxels' outer faces are zero."""
    index = (targets - origin) / spacing
    reach = max(1.0, pixel / spacing)
    inside = (index >= -0.5) & (index <= n - 0.5)
    clipped = np.clip(index, 0, n - 1)
    kernel = np.clip(1 - np.abs(clipped[:, None] - np.arange(n)[None]) / reach, 0, None)
    kernel /= kernel.sum(axis=1, keepdims=True)
    return (kernel * inside[:, None]).astype(np.float32)


def axial_crops(volume: Volume, z_indices: Sequence[int], grid: CropGrid) -> Image:
    """HU of axial slices on a crop grid.

    Args:
        volume: (Z, Y, X) HU.
        z_indices: slices of the volume; an index outside it takes the nearest slice.
    Returns:
        (len(z_indices), side, side) float32 HU; air (-1000 HU) outside the volume.
    """
    geometry = volume.geometry
    depth, rows, columns = geometry.shape_zyx
    ox, oy, _ = geometry.origin_xyz_mm
    sx, sy, _ = geometry.spacing_xyz_mm
    wy = _weights(grid.centres_mm(1), oy, sy, rows, grid.spacing_xy_mm[1])
    wx = _weights(grid.centres_mm(0), ox, sx, columns, grid.spacing_xy_mm[0])
    inside = np.outer(wy.sum(axis=1) > 0, wx.sum(axis=1) > 0)
    # Only the voxels the crop touches are read: the array may be memory-mapped.
    y_used, x_used = np.flatnonzero(wy.any(axis=0)), np.flatnonzero(wx.any(axis=0))
    out = np.full((len(z_indices), grid.side, grid.side), AIR_HU, dtype=np.float32)
    if not y_used.size or not x_used.size:
        return out
    ys, xs = slice(y_used[0], y_used[-1] + 1), slice(x_used[0], x_used[-1] + 1)
    for row, z in enumerate(z_indices):
        plane = np.asarray(volume.array_zyx[min(max(int(z), 0), depth - 1), ys, xs], dtype=np.float32)
        out[row] = np.where(inside, wy[:, ys] @ plane @ wx[:, xs].T, AIR_HU)
    return out


def phase_crops(
    study: StudyImages,
    phases: Sequence[str],
    z_index: int,
    grid: CropGrid,
    *,
    hu_window: tuple[float, float] = WINDOW_HU,
    absent: Collection[str] = (),
) -> Image:
    """One slice of every named phase with its presence: (2 P, side, side) float32.

    Channels 0..P-1 are windowed HU in [-1, 1], channels P..2P-1 are 1 where the phase is present and 0 where
    it is missing or in `absent`. The channel of a missing phase is 0 and never stands alone: its presence
    plane says so.

    Raises:
        PhaseError: none of the phases is there.
    """
    if not any(p in study.volumes and p not in absent for p in phases):
        raise PhaseError(
            "The study has none of the phases the model was trained on.",
            remedy=f"One of: {', '.join(phases)}.",
        )
    out = np.zeros((2 * len(phases), grid.side, grid.side), dtype=np.float32)
    for row, phase in enumerate(phases):
        if phase in study.volumes and phase not in absent:
            out[row] = window(axial_crops(study.volumes[phase], [z_index], grid)[0], hu_window)
            out[len(phases) + row] = 1.0
    return out


def window(hu: Image, limits_hu: tuple[float, float] = WINDOW_HU) -> Image:
    """Clips HU to the limits and scales to [-1, 1]; NaN becomes the lower limit."""
    low, high = limits_hu
    clipped = np.clip(np.nan_to_num(hu, nan=low), low, high)
    return ((clipped - low) * (2 / (high - low)) - 1).astype(np.float32)


def box_plane(box: Box3D, grid: CropGrid) -> Mask:
    """(side, side): pixels whose centres lie in the box's axial outline; at least the pixel nearest to its
    centre, as long as that lies in the crop."""
    x, y = grid.centres_mm(0), grid.centres_mm(1)
    plane = np.outer((y >= box.lo[1]) & (y <= box.hi[1]), (x >= box.lo[0]) & (x <= box.hi[0]))
    if not plane.any():
        half_x, half_y = (pixel * grid.side / 2 for pixel in grid.spacing_xy_mm)
        cx, cy, _ = box.centre_mm
        if abs(cx - grid.centre_xy_mm[0]) <= half_x and abs(cy - grid.centre_xy_mm[1]) <= half_y:
            plane[np.abs(y - cy).argmin(), np.abs(x - cx).argmin()] = True
    return plane


def ellipsoid_plane(box: Box3D, z_mm: float, grid: CropGrid) -> Mask:
    """(side, side): pixels whose centres lie in the ellipsoid inscribed in the box, cut at z_mm."""
    (cx, cy, cz), (wx, wy, wz) = box.centre_mm, box.size_mm
    x = (grid.centres_mm(0) - cx) / (wx / 2)
    y = (grid.centres_mm(1) - cy) / (wy / 2)
    z = (z_mm - cz) / (wz / 2)
    inside: Mask = (y[:, None] ** 2 + x[None] ** 2) + z**2 <= 1
    return inside


def side_for(box: Box3D, spacing_mm: float, sides: Sequence[int], *, fill: float = 0.78) -> int:
    """The smallest of the allowed sides whose crop the box fills to at most `fill` (200 of 256 pixels by
    default), else the largest: a crop grows with its lesion instead of shrinking the lesion."""
    pixels = max(box.size_mm[:2]) / spacing_mm
    return next((s for s in sorted(sides) if pixels <= fill * s), max(sides))


def jitter_box(box: Box3D, rng: np.random.Generator, amount: float) -> Box3D:
    """The box with its centre moved and its sides scaled at random by up to `amount` of their length, as a
    detector's boxes lie beside the drawn ones; 0 returns it unchanged."""
    size = np.array(box.size_mm)
    centre = np.array(box.centre_mm) + rng.uniform(-amount, amount, 3) * size / 2
    half = size * rng.uniform(1 - amount, 1 + amount, 3) / 2
    return Box3D(tuple(centre - half), tuple(centre + half))


def slices_by_area(geometry: VolumeGeometry, box: Box3D) -> list[int]:
    """z indices of the slices in a box, largest lesion area first: those of the inscribed ellipsoid, so the
    nearest to the box's middle first."""
    zs = geometry.slices_from_box(box)[0]
    middle = geometry.index_from_point(box.centre_mm)[0]
    return sorted(range(zs.start, zs.stop), key=lambda z: (abs(z - middle), z))


def hide_phases(image: Image, phases: int, share: float, rng: np.random.Generator) -> None:
    """Hides each present phase with probability `share`, in place and never the last one, so that a network
    meets missing phases: (at least 2 P, H, W) as phase_crops lays them out."""
    present = [p for p in range(phases) if image[phases + p].any()]
    hidden = [p for p in present if rng.random() < share]
    for p in hidden if len(hidden) < len(present) else hidden[1:]:
        image[p] = 0
        image[phases + p] = 0
