"""A first displacement from an exhaustive search, made smooth by coupled convex optimisation.

Heinrich, Papiez, Schnabel, Handels, Non-parametric discrete registration with convex optimisation, WBIR 2014;
as in ConvexAdam (Siebert, Hansen, Heinrich, 2021 and 2024). The energy
sum_x cost(x, d(x)) + theta |d(x) - u(x)|^2 + smoothness(u) is minimised in turns: over d by looking at every
displacement, over u by smoothing, with theta rising until both agree. No derivative, no local minimum on the
way: it catches what is more than a lesion's width away.
"""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from detector.registration.mind import smoothed

_THETAS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def search(fixed: Tensor, moving: Tensor, weight: Tensor, *, reach: int, pool: int) -> Tensor:
    """Displacements (3, z, y, x), components z, y, x, in cells, on a grid `pool` times coarser.

    Args:
        fixed, moving: features (C, Z, Y, X) on one grid of cells.
        weight: (Z, Y, X) in [0, 1]: where the features are worth comparing.
        reach: greatest displacement an axis, in cells.
        pool: cells an axis that share one displacement.
    """
    shape = fixed.shape[1:]
    around = functional.pad(moving[None], (reach,) * 6, mode="replicate")[0]
    offsets = list(product(range(-reach, reach + 1), repeat=3))
    costs = []
    for dz, dy, dx in offsets:
        z, y, x = reach + dz, reach + dy, reach + dx
        there = around[:, z : z + shape[0], y : y + shape[1], x : x + shape[2]]
        apart = (fixed - there).square_().sum(0).mul_(weight)
        costs.append(
            functional.avg_pool3d(apart[None], pool, pool, ceil_mode=True, count_include_pad=False)[0]
        )
    cost = smoothed(torch.stack(costs), 1)
    steps = torch.tensor(offsets, dtype=cost.dtype, device=cost.device)
    u = _smooth(steps[cost.argmin(0)].movedim(-1, 0))
    for theta in _THETAS:
        # |k - u|^2 without a tensor of all differences: |u|^2 is the same for every k.
        apart = steps.square().sum(1)[:, None, None, None] - 2 * torch.einsum("kc,czyx->kzyx", steps, u)
        u = _smooth(steps[(cost + theta * apart).argmin(0)].movedim(-1, 0))
    return u


def _smooth(u: Tensor) -> Tensor:
    return smoothed(smoothed(u, 1), 1)
