"""What CenterNet-3D is taught: heatmaps with an anisotropic Gaussian, sizes and offsets at explicit cells.

Boxes are index edges (z0, y0, x0, z1, y1, x1) of the network's input; a cell is `stride` input voxels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from detector.centernet.plan import Axes

Array = npt.NDArray[np.float64]
MIN_SIGMA_CELLS = 0.5
_FAR_MM = 1e6  # between slices that have nothing to do with each other


@dataclass(frozen=True, slots=True)
class SampleMarks:
    """The marks of one sample, each (N, 6) edges in input voxels, and the size of an input voxel in mm.

    `complete` is False where unmarked lesions may lie: then the background teaches only around the marks.
    """

    positive: Array
    negative: Array
    ignored: Array
    voxel_zyx_mm: tuple[float, float, float]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Targets:
    """A batch of targets. `centres` (N, 4) holds b, z, y, x of each positive: cells are never searched for in
    `heatmap`, where two lesions of one cell would be one.

    heatmap, background, rejected, inside: (B, 1, Z, Y, X) in [0, 1]; size, offset: (N, 3) in cells, order
    z, y, x. `background` weighs the negative part of the loss, `rejected` the extra term on hard negatives,
    `inside` the cells of lesions' ellipsoids, 1 in all of each.
    """

    heatmap: Tensor
    background: Tensor
    rejected: Tensor
    inside: Tensor
    centres: Tensor
    size: Tensor
    offset: Tensor


def gaussian_radius(height: float, width: float, *, min_overlap: float = 0.7) -> float:
    """The reference code's radius, in cells, of a 2D box: how far corners may move and keep the overlap.

    The roots are taken as that code takes them; the algebraically corrected root lowers accuracy.

    >>> round(gaussian_radius(10, 10), 3)
    2.733
    """
    total, area = height + width, height * width
    r1 = (total + math.sqrt(total**2 - 4 * area * (1 - min_overlap) / (1 + min_overlap))) / 2
    b2 = 2 * total
    r2 = (b2 + math.sqrt(b2**2 - 16 * (1 - min_overlap) * area)) / 2
    a3, b3 = 4 * min_overlap, -2 * min_overlap * total
    r3 = (b3 + math.sqrt(b3**2 - 4 * a3 * (min_overlap - 1) * area)) / 2
    return min(r1, r2, r3)


def gaussian(
    shape_zyx: Axes, centre_zyx: Axes, sigma_cells: float, cell_zyx_mm: tuple[float, float, float]
) -> npt.NDArray[np.float32]:
    """Eq. 1 of paper 004: exp(-sum_a ((a - p_a) / g_a)^2 / 2 sigma^2), 1 at the centre cell.

    g_a = cell_x_mm / cell_a_mm, so the kernel is a sphere in mm whatever the slices' thickness; `sigma_cells`
    counts cells along x.
    """
    squares = []
    for axis in range(3):
        g = cell_zyx_mm[2] / cell_zyx_mm[axis]
        squares.append(((np.arange(shape_zyx[axis]) - centre_zyx[axis]) / g) ** 2)
    distance2 = squares[0][:, None, None] + squares[1][None, :, None] + squares[2][None, None, :]
    return np.exp(-distance2 / (2 * sigma_cells**2)).astype(np.float32)


def _sigma(size_cells_zyx: Array) -> float:
    radius = math.floor(max(gaussian_radius(float(size_cells_zyx[1]), float(size_cells_zyx[2])), 0.0))
    return max((2 * radius + 1) / 6, MIN_SIGMA_CELLS)


def _weigh_inside(into: npt.NDArray[np.float32], point: Array, size: Array) -> None:
    """Writes 1 / n into the n cells of a box's ellipsoid, at least one: lesions count alike, whatever their
    size. Where two overlap the later one's weights stay."""
    axes = np.meshgrid(*(np.arange(n) + 0.5 for n in into.shape), indexing="ij", sparse=True)
    away = sum(((a - p) / max(s / 2, 0.5)) ** 2 for a, p, s in zip(axes, point, size, strict=True))
    cells = np.asarray(away <= max(1.0, float(np.min(away))))
    into[cells] = 1 / int(cells.sum())


def _region(edges: Array, stride: Array, shape_zyx: Axes, grow: float) -> tuple[slice, slice, slice]:
    """Cells touched by a box grown by `grow` times its size on each side."""
    lo, hi = edges[:3] / stride, edges[3:] / stride
    more = (hi - lo) * grow
    first = np.clip(np.floor(lo - more), 0, np.array(shape_zyx) - 1).astype(int)
    last = np.clip(np.ceil(hi + more), first + 1, shape_zyx).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))  # type: ignore[return-value]


def in_slices(marks: SampleMarks, depth: int) -> SampleMarks:
    """Each mark as marks of the single slices whose middle it holds, or of the nearest one, of `depth`."""

    def flat(boxes: Array) -> Array:
        rows = []
        for edges in boxes:
            first, last = math.ceil(edges[0] - 0.5), math.floor(edges[3] - 0.5)
            if last < first:
                first = last = math.floor((edges[0] + edges[3]) / 2)
            for z in range(max(first, 0), min(last, depth - 1) + 1):
                rows.append([z, edges[1], edges[2], z + 1, edges[4], edges[5]])
        return np.array(rows, float).reshape(-1, 6)

    return SampleMarks(
        flat(marks.positive), flat(marks.negative), flat(marks.ignored), marks.voxel_zyx_mm, marks.complete
    )


def make_targets(
    samples: Sequence[SampleMarks], heatmap_zyx: Axes, stride_zyx: Axes, *, kernel_in: str = "mm"
) -> Targets:
    """Targets of a batch; the region of a positive whose centre lies outside the input teaches nothing.
    Kernels are spheres in "mm", or in "cells", whatever these measure, or flat, in the "plane" of a slice."""
    shape = (len(samples), 1, *heatmap_zyx)
    heat, background = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    rejected, inside = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    stride = np.array(stride_zyx, float)
    centres, sizes, offsets = [], [], []
    for b, marks in enumerate(samples):
        cell_mm = tuple(float(v * s) for v, s in zip(marks.voxel_zyx_mm, stride_zyx, strict=True))
        if kernel_in == "cells":
            cell_mm = (1.0, 1.0, 1.0)
        elif kernel_in == "plane":
            cell_mm = (_FAR_MM, *cell_mm[1:])
        if not marks.complete:
            background[b] = 0
            for edges in np.concatenate([marks.positive, marks.negative]):
                background[(b, 0, *_region(edges, stride, heatmap_zyx, 0.5))] = 1
        for edges in marks.ignored:
            background[(b, 0, *_region(edges, stride, heatmap_zyx, 0.0))] = 0
        for edges, taught in [(e, True) for e in marks.positive] + [(e, False) for e in marks.negative]:
            point = (edges[:3] + edges[3:]) / 2 / stride
            size = (edges[3:] - edges[:3]) / stride
            cell = np.floor(point).astype(int)
            if (cell < 0).any() or (cell >= heatmap_zyx).any():
                if taught:
                    background[(b, 0, *_region(edges, stride, heatmap_zyx, 0.0))] = 0
                continue
            zyx = (int(cell[0]), int(cell[1]), int(cell[2]))
            kernel = gaussian(heatmap_zyx, zyx, _sigma(size), cell_mm)  # type: ignore[arg-type]
            into = heat if taught else rejected
            np.maximum(into[b, 0], kernel, out=into[b, 0])
            if taught:
                _weigh_inside(inside[b, 0], point, size)
                centres.append((b, *zyx))
                sizes.append(size)
                offsets.append(point - cell)
    return Targets(
        torch.from_numpy(heat),
        torch.from_numpy(background),
        torch.from_numpy(rejected),
        torch.from_numpy(inside),
        torch.tensor(centres, dtype=torch.long).reshape(-1, 4),
        torch.tensor(np.array(sizes), dtype=torch.float32).reshape(-1, 3),
        torch.tensor(np.array(offsets), dtype=torch.float32).reshape(-1, 3),
    )
