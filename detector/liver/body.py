"""What the network is shown: the body alone, on cubes, with where in it each voxel lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from detector.data.grid import sample
from detector.geometry import VolumeGeometry
from detector.ingest.classical_liver import body_of
from detector.liver.config import LiverPlan
from detector.volume import Volume

HU_RANGE = (-1000.0, 1000.0)
AIR = HU_RANGE[0]


@dataclass(frozen=True, slots=True)
class Body:
    """HU (Z, Y, X) float32 on a grid of cubes that is cut to the body; air around it, whatever lies there."""

    hu: npt.NDArray[np.float32]
    geometry: VolumeGeometry


def find_body(volume: Volume, spacing_mm: float) -> Body | None:
    """The body of a scan, every slice of it; None where there is nothing denser than fat."""
    grid = _cubes(volume.geometry, spacing_mm)
    low, high = HU_RANGE
    hu = (sample(volume, grid, hu_window=HU_RANGE) + 1) * np.float32((high - low) / 2) + np.float32(low)
    inside = body_of(hu)
    if not inside.any():
        return None
    hu[~inside] = AIR
    rows, columns = (np.flatnonzero(inside.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    part = (slice(None), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return Body(np.ascontiguousarray(hu[part]), part_of(grid, part))


def part_of(grid: VolumeGeometry, part: tuple[slice, slice, slice]) -> VolumeGeometry:
    """The grid of array[part]."""
    starts = tuple(range(n)[s].start for n, s in zip(grid.shape_zyx, part, strict=True))
    shape = tuple(len(range(n)[s]) for n, s in zip(grid.shape_zyx, part, strict=True))
    origin = grid.point_from_index(tuple(float(s) for s in starts))  # type: ignore[arg-type]
    return VolumeGeometry(shape, grid.spacing_xyz_mm, origin, grid.frame_of_reference_uid)  # type: ignore[arg-type]


def _cubes(geometry: VolumeGeometry, spacing_mm: float) -> VolumeGeometry:
    extent = geometry.extent
    counts = tuple(max(1, math.ceil(size / spacing_mm)) for size in extent.size_mm)
    first = tuple(c - spacing_mm * (n - 1) / 2 for c, n in zip(extent.centre_mm, counts, strict=True))
    return VolumeGeometry(counts[::-1], (spacing_mm,) * 3, first, geometry.frame_of_reference_uid)  # type: ignore[arg-type]


def channels(hu: Tensor, plan: LiverPlan) -> Tensor:
    """(Z, Y, X) HU, air around the body, to the (4, Z, Y, X) that the network takes, all in about [-1, 1]."""
    body = (hu > AIR / 2).any(dim=0)
    windows = (plan.soft_hu, plan.wide_hu)
    scaled = [(hu.clamp(low, high) - low) * (2 / (high - low)) - 1 for low, high in windows]
    across, along = _position(body.any(dim=0)), _position(body.any(dim=1))
    return torch.stack([*scaled, across.expand(hu.shape), along[:, None].expand(hu.shape)])


def _position(body: Tensor) -> Tensor:
    """-1 at the first index that is of the body to 1 at the last, going on beyond both."""
    found = torch.nonzero(body)
    first, last = (float(found[0]), float(found[-1])) if len(found) else (0.0, len(body) - 1.0)
    return (torch.arange(len(body), dtype=torch.float32) - first) * (2 / max(last - first, 1.0)) - 1
