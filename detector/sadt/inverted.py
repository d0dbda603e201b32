"""EfficientNet-lite's encoder (Tan and Le 2019, without squeeze-and-excitation): inverted residuals in 2D.

Names, padding and the norms' epsilon are those that ImageNet weights of it were trained with, input in
[-1, 1] as ours is.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

CHANNELS = (16, 24, 40, 80, 112, 192, 320)  # of each stage, beside a stem of 32
KERNELS = (3, 3, 5, 3, 5, 5, 3)
STEM = 32
EXPANSION = 6


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class SameConv(nn.Conv2d):
    """A convolution whose output is ceil(n / stride) wide; what padding is odd goes to the far side."""

    def forward(self, x: Tensor) -> Tensor:
        pads: list[int] = []
        for size, kernel, stride in zip(
            x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True
        ):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(functional.pad(x, pads))


class Inverted(nn.Module):
    """1x1 to `expansion` times the channels, a convolution a channel, 1x1 back; added to its input where
    both have one shape."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [SameConv(inputs, inner, 1, bias=False), _norm(inner), nn.ReLU6(inplace=True)]
        layers += [
            SameConv(inner, inner, kernel, stride, groups=inner, bias=False),
            _norm(inner),
            nn.ReLU6(inplace=True),
            SameConv(inner, outputs, 1, bias=False),
            _norm(outputs),
        ]
        self.body = nn.Sequential(*layers)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return x + out if self.adds else out


class EfficientNetLite(nn.Module):
    """(B, C, H, W) to (B, `channels`, h, w); stage i has layers[i] blocks, the first of them at strides[i],
    and its channels times width / 32."""

    def __init__(self, inputs: int, *, width: int, layers: Sequence[int], strides: Sequence[int]) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            SameConv(inputs, width, 3, 2, bias=False), _norm(width), nn.ReLU6(inplace=True)
        )
        blocks: list[Inverted] = []
        channels = width
        for stage, (depth, stride) in enumerate(zip(layers, strides, strict=True)):
            outputs = max(8, CHANNELS[stage] * width // STEM)
            for position in range(depth):
                step = stride if position == 0 else 1
                blocks.append(Inverted(channels, outputs, KERNELS[stage], step, EXPANSION if blocks else 1))
                channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.blocks(self.stem(x))
        return out


def published_names(encoder: EfficientNetLite) -> dict[str, str]:
    """The encoder's tensors by their names in the published weights of EfficientNet-lite."""
    names = {"stem.0": "_conv_stem", "stem.1": "_bn0"}
    for number, block in enumerate(encoder.blocks):
        parts = ["_depthwise_conv", "_bn1", "", "_project_conv", "_bn2"]
        if len(block.body) > len(parts):  # type: ignore[arg-type]
            parts = ["_expand_conv", "_bn0", "", *parts]
        for at, part in enumerate(parts):
            if part:
                names[f"blocks.{number}.body.{at}"] = f"_blocks.{number}.{part}"
    found = {}
    for key in encoder.state_dict():
        module, _, kind = key.rpartition(".")
        found[f"{names[module]}.{kind}"] = key
    return found
