"""SaDT: residual encoder, 1x1 reduction, lesion-pooled texture encoding, l2 norm, one linear layer."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from monai.networks.nets import ResNet as MonaiResNet
from torch import Tensor, nn
from torch.nn import functional

from detector.errors import ShapeError
from detector.sadt.classes import CLASSES
from detector.sadt.config import SadtPlan
from detector.sadt.encoding import Encoding
from detector.sadt.inverted import EfficientNetLite
from detector.sadt.resnet import ResNet, norm_layer


class LesionNetwork(nn.Module, ABC):
    """A network of one of the systems: views and lesion masks to (B, 4) logits.

    All of them end in a sum over cells and one linear layer, so that what each cell adds to a logit is known
    exactly: `explain` (B, 4, h, w) plus `bias` (4,) sums to the logits.
    """

    classify: nn.Linear

    @abstractmethod
    def forward(self, images: Tensor, mask: Tensor) -> Tensor:
        """(B, 4) logits; raises ShapeError where the channels are not two for each phase of the plan."""

    @abstractmethod
    def explain(self, images: Tensor, mask: Tensor) -> Tensor:
        """(B, 4, h, w): what each cell of the last map adds to each logit; of a volume its columns."""

    @property
    def bias(self) -> Tensor:
        return self.classify.bias


class Sadt(LesionNetwork):
    """(B, 2 P, H, W) phases with their presence planes, and a (B, H, W) lesion mask, to (B, 4) logits.

    The mask goes to the pooling alone. Differs from the paper: a presence plane beside each phase, so that
    a missing phase is not an image of zeros.
    """

    def __init__(self, plan: SadtPlan) -> None:
        super().__init__()
        self.inputs = 2 * len(plan.phases)
        self.encoder = _encoder(plan)
        self.reduce = nn.Sequential(
            nn.Conv2d(self.encoder.channels, plan.encoding_channels, 1, bias=False),
            norm_layer(plan.norm, plan.encoding_channels),
            nn.ReLU(inplace=True),
        )
        self.encoding = Encoding(plan.encoding_channels, plan.codewords)
        self.classify = nn.Linear(plan.encoding_channels * plan.codewords, len(CLASSES))

    def forward(self, images: Tensor, mask: Tensor) -> Tensor:
        _check_channels(images, self.inputs)
        residuals = self.encoding(self.descriptors(images), mask)
        logits: Tensor = self.classify(functional.normalize(residuals.flatten(1), dim=1))
        return logits

    def explain(self, images: Tensor, mask: Tensor) -> Tensor:
        features = self.descriptors(images)
        residuals: Tensor = self.encoding(features, mask)
        weight = self.classify.weight.unflatten(1, residuals.shape[1:])
        added: Tensor = self.encoding.contributions(features, mask, weight)
        return added / residuals.flatten(1).norm(dim=1).clamp_min(1e-12)[:, None, None, None]

    def descriptors(self, images: Tensor) -> Tensor:
        """(B, D, h, w): what the encoding counts."""
        reduced: Tensor = self.reduce(self.encoder(images))
        return reduced


class AveragePooled(LesionNetwork):
    """ResNet in 2D: the last feature map's mean and one linear layer. The mask is not used."""

    def __init__(self, plan: SadtPlan) -> None:
        super().__init__()
        self.inputs = 2 * len(plan.phases)
        self.encoder = _encoder(plan)
        self.classify = nn.Linear(self.encoder.channels, len(CLASSES))

    def forward(self, images: Tensor, mask: Tensor) -> Tensor:
        _check_channels(images, self.inputs)
        logits: Tensor = self.classify(self.encoder(images).mean((2, 3)))
        return logits

    def explain(self, images: Tensor, mask: Tensor) -> Tensor:
        features = self.encoder(images)
        return _weighted(features, self.classify.weight) / features[0, 0].numel()


class Volumetric(LesionNetwork):
    """ResNet3D (MONAI's) on (B, 2 P, D, H, W), the volume around the lesion. The mask is not used.

    Its first convolution halves H and W alone: a slice is several pixels thick.
    """

    def __init__(self, plan: SadtPlan) -> None:
        super().__init__()
        self.inputs = 2 * len(plan.phases)
        width = plan.width
        self.body = MonaiResNet(
            plan.block,
            [*plan.layers, *[1] * (4 - len(plan.layers))],
            [width, 2 * width, 4 * width, 8 * width],
            n_input_channels=self.inputs,
            conv1_t_size=(3, 7, 7),  # type: ignore[arg-type]
            conv1_t_stride=(1, 2, 2),  # type: ignore[arg-type]
            no_max_pool=not plan.stem_pool,
            num_classes=len(CLASSES),
            norm="batch" if plan.norm == "batch" else ("group", {"num_groups": max(1, width // 8)}),
        )

    def forward(self, images: Tensor, mask: Tensor) -> Tensor:
        _check_channels(images, self.inputs)
        logits: Tensor = self.body(images)
        return logits

    def explain(self, images: Tensor, mask: Tensor) -> Tensor:
        body = self.body
        features = body.act(body.bn1(body.conv1(images)))
        if not body.no_max_pool:
            features = body.maxpool(features)
        for stage in (body.layer1, body.layer2, body.layer3, body.layer4):
            features = stage(features)
        return _weighted(features, self.classify.weight).sum(2) / features[0, 0].numel()

    @property
    def classify(self) -> nn.Linear:  # type: ignore[override]
        return self.body.fc  # type: ignore[return-value]


def _weighted(features: Tensor, weight: Tensor) -> Tensor:
    """(B, D, ...) features by (C, D) weights to (B, C, ...)."""
    return torch.einsum("bd...,cd->bc...", features, weight)


def build_network(plan: SadtPlan) -> LesionNetwork:
    """The network of a plan, with random weights."""
    if plan.view == "volume":
        return Volumetric(plan)
    return Sadt(plan) if plan.head == "encoding" else AveragePooled(plan)


def _encoder(plan: SadtPlan) -> ResNet | EfficientNetLite:
    inputs = 2 * len(plan.phases)
    if plan.block == "inverted":
        return EfficientNetLite(inputs, width=plan.width, layers=plan.layers, strides=plan.strides)
    return ResNet(
        inputs,
        width=plan.width,
        layers=plan.layers,
        strides=plan.strides,
        block=plan.block,
        norm=plan.norm,
        stem_pool=plan.stem_pool,
    )


def _check_channels(images: Tensor, inputs: int) -> None:
    if images.shape[1] != inputs:
        raise ShapeError(f"The network needs {inputs} channels, got {images.shape[1]}.")
