"""The network of CenterNet-3D: a stem, one or two stacked hourglasses, three heads on each.

Differs from the 2D reference as paper 004 needs it in 3D: GroupNorm, since batches are small; strides per
axis; and the way up interpolates to the skip's size, since 176 / 4 does not survive five halvings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from detector.centernet.plan import Axes, CenterNetPlan

HEATMAP_BIAS = -2.19  # sigmoid gives 0.1: the first steps are not drowned by the background


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(math.gcd(channels, 8), channels)


def _conv(
    channels_in: int, channels_out: int, kernel: Axes, stride: Axes = (1, 1, 1), *, relu: bool = True
) -> nn.Sequential:
    padding: Axes = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
    layers: list[nn.Module] = [
        nn.Conv3d(channels_in, channels_out, kernel, stride, padding, bias=False),
        _norm(channels_out),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if relu else []))


ONE: Axes = (1, 1, 1)


@dataclass(frozen=True, slots=True)
class Shape:
    """Of the convolutions below the stem: in all three axes, or in the plane of slices alone."""

    kernel: Axes
    halving: Axes


SOLID, FLAT = Shape((3, 3, 3), (2, 2, 2)), Shape((1, 3, 3), (1, 2, 2))


class Residual(nn.Module):
    """Two 3x3x3 (flat: 1x3x3) convolutions beside an identity, or a strided 1x1x1 where shapes change."""

    def __init__(self, channels_in: int, channels_out: int, shape: Shape, stride: Axes = ONE) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv(channels_in, channels_out, shape.kernel, stride),
            _conv(channels_out, channels_out, shape.kernel, relu=False),
        )
        same = channels_in == channels_out and stride == ONE
        self.skip = nn.Identity() if same else _conv(channels_in, channels_out, ONE, stride, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.skip(x))


def _residuals(
    channels_in: int, channels_out: int, count: int, shape: Shape, stride: Axes = ONE
) -> nn.Sequential:
    first = Residual(channels_in, channels_out, shape, stride)
    return nn.Sequential(first, *(Residual(channels_out, channels_out, shape) for _ in range(count - 1)))


class Hourglass(nn.Module):
    """(B, dims[0], Z, Y, X) in and out: halved len(dims) - 1 times, and merged additively on the way up."""

    def __init__(self, dims: tuple[int, ...], modules: tuple[int, ...], shape: Shape) -> None:
        super().__init__()
        here, below = dims[0], dims[1]
        self.skip = _residuals(here, here, modules[0], shape)
        self.down = _residuals(here, below, modules[0], shape, shape.halving)
        self.inner: nn.Module = (
            Hourglass(dims[1:], modules[1:], shape)
            if len(dims) > 2
            else _residuals(below, below, modules[1], shape)
        )
        self.up = nn.Sequential(
            *(Residual(below, below, shape) for _ in range(modules[0] - 1)), Residual(below, here, shape)
        )

    def forward(self, x: Tensor) -> Tensor:
        skip = self.skip(x)
        low: Tensor = self.up(self.inner(self.down(x)))
        return skip + interpolate(low, size=skip.shape[2:], mode="nearest")


@dataclass(frozen=True, slots=True)
class Maps:
    """What one stack says at each heatmap cell.

    heatmap: (B, 1, Z, Y, X) logits; size: (B, 3, Z, Y, X) in cells, channels z, y, x; offset: (B, 3, Z, Y, X)
    of the centre inside its cell, channels z, y, x. inside: (B, 1, Z, Y, X) logits of lying inside a lesion,
    in training alone, where the plan asks for it.
    """

    heatmap: Tensor
    size: Tensor
    offset: Tensor
    inside: Tensor | None = None


class _Heads(nn.Module):
    def __init__(self, channels: int, width: int, shape: Shape, *, inside: bool) -> None:
        super().__init__()
        padding: Axes = (shape.kernel[0] // 2, 1, 1)

        def head(outputs: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Conv3d(channels, width, shape.kernel, padding=padding),
                nn.ReLU(inplace=True),
                nn.Conv3d(width, outputs, 1),
            )

        self.heatmap, self.size, self.offset = head(1), head(3), head(3)
        self.inside = head(1) if inside else None
        for rare in (self.heatmap, self.inside):
            if rare is not None:
                nn.init.constant_(rare[-1].bias, HEATMAP_BIAS)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Maps:
        inside = self.inside(x) if self.training and self.inside is not None else None
        return Maps(self.heatmap(x), self.size(x), self.offset(x), inside)


class CenterNet3D(nn.Module):
    """One phase in, maps out: forward((B, 1, Z, Y, X)) gives one Maps a stack, the best last. A planar plan
    makes it CenterNet-2D, which reads each slice with its two neighbours.

    In eval mode only the last stack speaks.
    """

    def __init__(self, plan: CenterNetPlan) -> None:
        super().__init__()
        top, shape = plan.dims[0], FLAT if plan.planar else SOLID
        first: Axes = tuple(2 if s == 4 else 1 for s in plan.stride_zyx)  # type: ignore[assignment]
        second: Axes = tuple(2 if s >= 2 else 1 for s in plan.stride_zyx)  # type: ignore[assignment]
        kernel = (3, *plan.stem_kernel_zyx[1:]) if plan.planar else plan.stem_kernel_zyx
        self.stem = nn.Sequential(_conv(1, plan.stem, kernel, first), Residual(plan.stem, top, shape, second))
        stacks = range(plan.stacks)
        self.hourglasses = nn.ModuleList(Hourglass(plan.dims, plan.modules, shape) for _ in stacks)
        self.after = nn.ModuleList(_conv(top, top, shape.kernel) for _ in stacks)
        dense = plan.inside_weight > 0
        self.heads = nn.ModuleList(_Heads(top, plan.head, shape, inside=dense) for _ in stacks)
        between = range(plan.stacks - 1)
        self.carry_input = nn.ModuleList(_conv(top, top, ONE, relu=False) for _ in between)
        self.carry_output = nn.ModuleList(_conv(top, top, ONE, relu=False) for _ in between)
        self.between = nn.ModuleList(Residual(top, top, shape) for _ in between)

    def forward(self, x: Tensor) -> list[Maps]:
        inter = self.stem(x)
        maps: list[Maps] = []
        for i, hourglass in enumerate(self.hourglasses):
            out = self.after[i](hourglass(inter))
            if self.training or i == len(self.hourglasses) - 1:
                maps.append(self.heads[i](out))
            if i < len(self.between):
                inter = self.between[i](torch.relu(self.carry_input[i](inter) + self.carry_output[i](out)))
        return maps
