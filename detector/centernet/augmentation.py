"""Augmentation of samples and their marks together: flips, scale, shift, and intensity."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from detector.centernet.plan import CenterNetPlan
from detector.centernet.targets import SampleMarks

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Move:
    """Input voxels (z, y, x) are scaled and flipped about the centre of the volume, then shifted.

    `factor_zyx` is the scale, negative where the axis is flipped; `shift_zyx` counts voxels.
    """

    factor_zyx: Array
    shift_zyx: Array

    def edges(self, edges: Array, shape_zyx: tuple[int, int, int]) -> Array:
        """(N, 6) edges z0..x1 where they come to lie; lo stays below hi under a flip."""
        centre = np.array(shape_zyx) / 2
        moved = [
            (e - centre) * self.factor_zyx + centre + self.shift_zyx for e in (edges[:, :3], edges[:, 3:])
        ]
        return np.concatenate([np.minimum(*moved), np.maximum(*moved)], axis=1)

    def marks(self, marks: SampleMarks, shape_zyx: tuple[int, int, int]) -> SampleMarks:
        z, y, x = (v / abs(f) for v, f in zip(marks.voxel_zyx_mm, self.factor_zyx, strict=True))
        return replace(
            marks,
            positive=self.edges(marks.positive, shape_zyx),
            negative=self.edges(marks.negative, shape_zyx),
            ignored=self.edges(marks.ignored, shape_zyx),
            voxel_zyx_mm=(float(z), float(y), float(x)),
        )


def draw_move(rng: np.random.Generator, plan: CenterNetPlan) -> Move:
    """A random move: each axis flipped or not, one scale for all axes, a shift per axis."""
    low, high = plan.scale_range
    scale = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    flips = rng.choice([-1.0, 1.0], 3)
    shift = rng.uniform(-plan.shift_share, plan.shift_share, 3) * np.array(plan.input_zyx)
    return Move(flips * scale, shift)


def move_images(images: Tensor, moves: list[Move]) -> Tensor:
    """(B, 1, Z, Y, X) in [-1, 1] moved by trilinear interpolation; what comes from outside is -1."""
    shape = np.array(images.shape[2:])
    matrices = np.zeros((len(moves), 3, 4))
    for b, move in enumerate(moves):
        # grid_sample wants the way back, in coordinates -1..1 between the outer faces, x first.
        back = 1 / move.factor_zyx
        for axis in range(3):
            matrices[b, 2 - axis, 2 - axis] = back[axis]
            matrices[b, 2 - axis, 3] = -back[axis] * 2 * move.shift_zyx[axis] / shape[axis]
    grid = affine_grid(torch.from_numpy(matrices).float(), list(images.shape), align_corners=False)
    return grid_sample(images + 1, grid, padding_mode="zeros", align_corners=False) - 1


def change_intensity(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Contrast, brightness and noise, each sample its own: scanners, doses and contrast media differ."""
    count = len(images)

    def draw(low: float, high: float) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, 1, 1, 1, 1))).float()

    noise = torch.from_numpy(rng.standard_normal(tuple(images.shape), dtype=np.float32))
    return (images * draw(0.85, 1.2) + draw(-0.15, 0.15) + noise * draw(0.0, 0.12)).clamp(-1, 1)
