"""From a study to a network's input: a grid around the liver, and volumes sampled on it.

The grid is a VolumeGeometry, so a box found in input voxels becomes mm by the grid itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from detector.contracts import StudyImages
from detector.geometry import Box3D, VolumeGeometry, VoxelBox
from detector.volume import Volume

Fit = Literal["resize", "fixed_spacing_pad"]


@dataclass(frozen=True, slots=True)
class InputGrid:
    """What a network wants to see: voxels (z, y, x), and how the liver's box becomes them.

    `resize` stretches the box to the shape, as paper 004 does; `fixed_spacing_pad` keeps `spacing_xyz_mm`
    and widens the view around the box, unless the box is larger than the view on an axis: that axis is
    then stretched, since a lesion that is cut off can never be found.
    """

    shape_zyx: tuple[int, int, int]
    fit: Fit = "resize"
    spacing_xyz_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    margin_mm: float = 10.0


def liver_box(study: StudyImages, margin_mm: float) -> Box3D:
    """The liver's box with a margin, cut at the volume's faces; the whole volume where no liver is known."""
    geometry, extent = study.geometry, study.geometry.extent
    if study.liver is None or not study.liver.any():
        return extent
    edges = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        filled = np.flatnonzero(study.liver.any(axis=others))
        edges.append((float(filled[0]), float(filled[-1] + 1)))
    tight = geometry.box_from_voxels(VoxelBox(tuple(e[0] for e in edges), tuple(e[1] for e in edges)))  # type: ignore[arg-type]
    lo = tuple(max(a - margin_mm, e) for a, e in zip(tight.lo, extent.lo, strict=True))
    hi = tuple(min(b + margin_mm, e) for b, e in zip(tight.hi, extent.hi, strict=True))
    return Box3D(lo, hi)  # type: ignore[arg-type]


def input_geometry(study: StudyImages, wanted: InputGrid) -> VolumeGeometry:
    """The grid in mm on which this study is shown to the network."""
    box = liver_box(study, wanted.margin_mm)
    shape_xyz = wanted.shape_zyx[::-1]
    needed = tuple(size / n for size, n in zip(box.size_mm, shape_xyz, strict=True))
    if wanted.fit == "resize":
        spacing = needed
    else:
        spacing = tuple(max(s, n) for s, n in zip(wanted.spacing_xyz_mm, needed, strict=True))
    origin = tuple(c - s * (n - 1) / 2 for c, s, n in zip(box.centre_mm, spacing, shape_xyz, strict=True))
    return VolumeGeometry(wanted.shape_zyx, spacing, origin, study.geometry.frame_of_reference_uid)  # type: ignore[arg-type]


def _axis_weights(
    n_in: int, start_in: float, step_in: float, n_out: int, start: float, step: float
) -> tuple[slice, npt.NDArray[np.float32]]:
    """Which inputs an axis needs, and the (n_out, inputs) weights of a triangle as wide as the coarser grid:
    linear interpolation where the output is finer, an anti-aliased mean where it is coarser."""
    centres = (start + step * np.arange(n_out) - start_in) / step_in  # output centres as input indices
    reach = max(1.0, step / step_in)
    first = int(np.clip(np.floor(centres[0] - reach), 0, n_in - 1))
    last = int(np.clip(np.ceil(centres[-1] + reach), first, n_in - 1)) + 1
    distance = np.abs(centres[:, None] - np.arange(first, last)[None, :]) / reach
    weights = np.clip(1.0 - distance, 0.0, None)
    total = weights.sum(axis=1, keepdims=True)
    # Past the outermost centres but still inside the outer face, the outermost voxel holds.
    inside = (centres > -0.5 - 1e-6) & (centres < n_in - 0.5 + 1e-6)
    nearest = np.clip(np.rint(centres).astype(int), first, last - 1) - first
    lone = inside & (total[:, 0] < 1e-6)
    weights[lone, nearest[lone]] = 1.0
    total = weights.sum(axis=1, keepdims=True)
    weights = np.where(inside[:, None], weights / np.maximum(total, 1e-6), 0.0)
    return slice(first, last), weights.astype(np.float32)


def sample(
    volume: Volume, grid: VolumeGeometry, *, hu_window: tuple[float, float] = (-150.0, 250.0)
) -> npt.NDArray[np.float32]:
    """One phase on the input grid: (Z, Y, X) float32 in [-1, 1], HU clipped to the window and scaled.

    What lies outside the volume is -1, as air is.
    """
    low, high = hu_window
    g = volume.geometry
    slices, weights = [], []
    for axis in range(3):
        taken, w = _axis_weights(
            g.shape_zyx[axis],
            g.origin_xyz_mm[2 - axis],
            g.spacing_xyz_mm[2 - axis],
            grid.shape_zyx[axis],
            grid.origin_xyz_mm[2 - axis],
            grid.spacing_xyz_mm[2 - axis],
        )
        slices.append(taken)
        weights.append(w)
    part = np.asarray(volume.array_zyx[tuple(slices)], dtype=np.float32)
    part = np.nan_to_num(np.clip(part, low, high), nan=low) - low  # 0 outside the window's low end
    part = part @ weights[2].T
    part = np.einsum("yv,zvx->zyx", weights[1], part, optimize=True)
    part = np.einsum("zw,wyx->zyx", weights[0], part, optimize=True)
    return (part * (2.0 / (high - low)) - 1.0).astype(np.float32)
