"""Augmentation of samples and their marks together: flips, scale, shift, crops, and intensity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool3d, grid_sample

from detector.centernet.plan import Axes, CenterNetPlan
from detector.centernet.targets import SampleMarks

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Move:
    """Input voxels (z, y, x) are scaled and flipped about `centre_zyx`, which comes to lie at `onto_zyx`.

    `factor_zyx` is the scale, negative where the axis is flipped; both points count voxel edges, so the
    middle of a volume of n voxels is n / 2.
    """

    factor_zyx: Array
    centre_zyx: Array
    onto_zyx: Array

    def edges(self, edges: Array) -> Array:
        """(N, 6) edges z0..x1 where they come to lie; lo stays below hi under a flip."""
        moved = [
            (e - self.centre_zyx) * self.factor_zyx + self.onto_zyx for e in (edges[:, :3], edges[:, 3:])
        ]
        return np.concatenate([np.minimum(*moved), np.maximum(*moved)], axis=1)

    def marks(self, marks: SampleMarks) -> SampleMarks:
        z, y, x = (v / abs(f) for v, f in zip(marks.voxel_zyx_mm, self.factor_zyx, strict=True))
        return replace(
            marks,
            positive=self.edges(marks.positive),
            negative=self.edges(marks.negative),
            ignored=self.edges(marks.ignored),
            voxel_zyx_mm=(float(z), float(y), float(x)),
        )


def _factor(rng: np.random.Generator, plan: CenterNetPlan) -> Array:
    low, high = plan.scale_range
    scale = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    flips = np.where(np.array(plan.flip_zyx) & (rng.random(3) < 0.5), -1.0, 1.0)
    return flips * scale


def draw_move(rng: np.random.Generator, plan: CenterNetPlan) -> Move:
    """A random move of a whole input: one scale for all axes, each axis flipped or not, and shifted."""
    middle = np.array(plan.input_zyx) / 2
    shift = rng.uniform(-plan.shift_share, plan.shift_share, 3) * np.array(plan.input_zyx)
    return Move(_factor(rng, plan), middle, middle + shift)


def draw_crop(rng: np.random.Generator, plan: CenterNetPlan, crop_zyx: Axes, marks: SampleMarks) -> Move:
    """A random move into a smaller view: half of the time around a lesion, a quarter around a rejected box,
    else anywhere. Where a study has only one of both kinds, it takes the other's share.

    Lesions come first whatever their number: a reader rejects many boxes for each that is accepted, and views
    around those alone hardly ever show the network what it is to find.
    """
    shape, crop = np.array(plan.input_zyx, float), np.array(crop_zyx, float)
    share = rng.random()
    wanted = marks.positive if share < 0.5 else marks.negative
    told = wanted if len(wanted) else np.concatenate([marks.positive, marks.negative])
    if len(told) and share < 0.75:
        edges = told[rng.integers(len(told))]
        centre = (edges[:3] + edges[3:]) / 2
        onto = rng.uniform(0.15, 0.85, 3) * crop
    else:
        centre = rng.uniform(np.minimum(crop / 2, shape / 2), np.maximum(shape - crop / 2, shape / 2))
        onto = crop / 2
    return Move(_factor(rng, plan), centre, onto)


def matrix_of(move: Move, given_zyx: Axes, wanted_zyx: Axes) -> npt.NDArray[np.float32]:
    """A move as the (3, 4) matrix that `see` takes."""
    given, wanted = np.array(given_zyx, float), np.array(wanted_zyx, float)
    # grid_sample wants the way back, in coordinates -1..1 between the outer faces, x first:
    # in = centre + (out - onto) / factor, out = (u + 1) wanted / 2, in = (v + 1) given / 2.
    slope = wanted / given / move.factor_zyx
    start = 2 / given * (move.centre_zyx + (wanted / 2 - move.onto_zyx) / move.factor_zyx) - 1
    matrix = np.zeros((3, 4), np.float32)
    for axis in range(3):
        matrix[2 - axis, 2 - axis] = slope[axis]
        matrix[2 - axis, 3] = start[axis]
    return matrix


def see(images: Tensor, matrices: Tensor, shape_zyx: Axes) -> Tensor:
    """(B, 1, Z, Y, X) in [-1, 1] seen through (B, 3, 4) matrices: (B, 1, *shape_zyx) float32, trilinear;
    outside is -1."""
    grid = affine_grid(matrices, [len(matrices), 1, *shape_zyx], align_corners=False)
    return grid_sample(images.float() + 1, grid, padding_mode="zeros", align_corners=False) - 1


@dataclass(frozen=True, slots=True)
class Exposure:
    """Contrast, brightness, sharpness and noise of B samples, each its own: scanners, kernels, doses and
    contrast media differ.

    `gain`, `offset`, `soft` (0 as it is, 1 the mean of each voxel's 3 x 3 x 3) and `noise` are (B,);
    `noise_seed` (B,) int64 draws the noise itself.
    """

    gain: Tensor
    offset: Tensor
    soft: Tensor
    noise: Tensor
    noise_seed: Tensor


def draw_exposure(rngs: Sequence[np.random.Generator], plan: CenterNetPlan) -> Exposure:
    """One a sample, as far from the scan's own as the plan's `exposure` and `soften` say."""
    far = plan.exposure
    drawn = [
        (
            1 + r.uniform(-0.15, 0.15) * far,
            r.uniform(-0.1, 0.1) * far,
            r.uniform(0.0, 0.06) * far,
            r.uniform(0.0, plan.soften) if plan.soften else 0.0,
        )
        for r in rngs
    ]
    gain, offset, noise, soft = torch.tensor(np.array(drawn).reshape(-1, 4), dtype=torch.float32).unbind(1)
    seeds = torch.tensor([int(r.integers(2**62)) for r in rngs], dtype=torch.int64)
    return Exposure(gain, offset, soft, noise, seeds)


def expose(images: Tensor, exposure: Exposure) -> Tensor:
    """(B, 1, Z, Y, X) as another scanner would show it, within [-1, 1]; equal input gives equal noise on one
    kind of device."""
    noise = torch.empty_like(images)
    for one, seed in zip(noise, exposure.noise_seed.tolist(), strict=True):
        one.normal_(generator=torch.Generator(images.device).manual_seed(seed))

    def each(values: Tensor) -> Tensor:
        return values[:, None, None, None, None]

    if exposure.soft.any():
        mean = avg_pool3d(images, 3, stride=1, padding=1, count_include_pad=False)
        images = images + (mean - images) * each(exposure.soft)
    exposed = images * each(exposure.gain) + each(exposure.offset) + noise * each(exposure.noise)
    return exposed.clamp(-1, 1)
