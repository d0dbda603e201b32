"""A compact residual encoder in 2D (He et al. 2016); depth, width, stride and norm by configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

Block = Literal["basic", "bottleneck"]
Norm = Literal["group", "batch"]
EXPANSION: dict[str, int] = {"basic": 1, "bottleneck": 4}


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """Batch norm, or group norm of 8 channels a group: a batch of few lesions makes poor statistics."""
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(max(1, channels // 8), channels)


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


class Residual(nn.Module):
    """A basic (3x3, 3x3) or bottleneck (1x1, 3x3, 1x1 with four times the width) residual block."""

    def __init__(self, inputs: int, width: int, stride: int, block: Block, norm: Norm) -> None:
        super().__init__()
        outputs = width * EXPANSION[block]
        plan = (
            [(inputs, width, 3, stride), (width, outputs, 3, 1)]
            if block == "basic"
            else [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
        )
        layers: list[nn.Module] = []
        for position, (a, b, kernel, step) in enumerate(plan):
            layers += [_conv(a, b, kernel, step), norm_layer(norm, b)]
            if position < len(plan) - 1:
                layers.append(nn.ReLU(inplace=True))
        self.body = nn.Sequential(*layers)
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = nn.Sequential(_conv(inputs, outputs, 1, stride), norm_layer(norm, outputs))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.body(x) + self.skip(x))
        return out


class ResNet(nn.Module):
    """(B, C, H, W) to (B, `channels`, h, w).

    The stem is a 7x7 stride-2 convolution, followed by a 3x3 stride-2 max-pool where `stem_pool`; stage i has
    layers[i] blocks of width * 2^i channels (x 4 for bottlenecks), the first of them at strides[i].
    """

    def __init__(
        self,
        inputs: int,
        *,
        width: int,
        layers: Sequence[int],
        strides: Sequence[int],
        block: Block,
        norm: Norm,
        stem_pool: bool,
    ) -> None:
        super().__init__()
        stem: list[nn.Module] = [_conv(inputs, width, 7, 2), norm_layer(norm, width), nn.ReLU(inplace=True)]
        if stem_pool:
            stem.append(nn.MaxPool2d(3, 2, padding=1))
        self.stem = nn.Sequential(*stem)
        channels, stages = width, []
        for stage, (depth, stride) in enumerate(zip(layers, strides, strict=True)):
            blocks = []
            for position in range(depth):
                step = stride if position == 0 else 1
                blocks.append(Residual(channels, width * 2**stage, step, block, norm))
                channels = width * 2**stage * EXPANSION[block]
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.stages(self.stem(x))
        return out


def published_names(encoder: ResNet) -> dict[str, str]:
    """The encoder's tensors by the names that torchvision's ResNets, and files of their weights, have."""
    modules = {"stem.0": "conv1", "stem.1": "bn1"}
    for stage, blocks in enumerate(encoder.stages):
        block: Residual
        layer: nn.Module
        for number, block in enumerate(blocks):  # type: ignore[arg-type]
            ours, theirs = f"stages.{stage}.{number}", f"layer{stage + 1}.{number}"
            for at, layer in enumerate(block.body):
                if not isinstance(layer, nn.ReLU):
                    kind = "conv" if isinstance(layer, nn.Conv2d) else "bn"
                    modules[f"{ours}.body.{at}"] = f"{theirs}.{kind}{at // 3 + 1}"
            modules[f"{ours}.skip.0"], modules[f"{ours}.skip.1"] = (
                f"{theirs}.downsample.{i}" for i in (0, 1)
            )
    found = {}
    for key in encoder.state_dict():
        module, _, kind = key.rpartition(".")
        found[f"{modules[module]}.{kind}"] = key
    return found
