"""SaDT: residual encoder, 1x1 reduction, lesion-pooled texture encoding, l2 norm, one linear layer."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from detector.errors import ShapeError
from detector.sadt.classes import CLASSES
from detector.sadt.config import SadtPlan
from detector.sadt.encoding import Encoding
from detector.sadt.resnet import ResNet, norm_layer


class Sadt(nn.Module):
    """(B, 2 P, H, W) phases with their presence planes, and a (B, H, W) lesion mask, to (B, 4) logits.

    The mask goes to the pooling alone. Differs from the paper: a presence plane beside each phase, so that
    a missing phase is not an image of zeros.
    """

    def __init__(self, plan: SadtPlan) -> None:
        super().__init__()
        self.inputs = 2 * len(plan.phases)
        self.encoder = ResNet(
            self.inputs,
            width=plan.width,
            layers=plan.layers,
            strides=plan.strides,
            block=plan.block,
            norm=plan.norm,
            stem_pool=plan.stem_pool,
        )
        self.reduce = nn.Sequential(
            nn.Conv2d(self.encoder.channels, plan.encoding_channels, 1, bias=False),
            norm_layer(plan.norm, plan.encoding_channels),
            nn.ReLU(inplace=True),
        )
        self.encoding = Encoding(plan.encoding_channels, plan.codewords)
        self.classify = nn.Linear(plan.encoding_channels * plan.codewords, len(CLASSES))

    def forward(self, images: Tensor, mask: Tensor) -> Tensor:
        """Raises ShapeError where the channels are not two for each phase of the plan."""
        if images.shape[1] != self.inputs:
            raise ShapeError(f"SaDT needs {self.inputs} channels, got {images.shape[1]}.")
        residuals = self.encoding(self.reduce(self.encoder(images)), mask)
        logits: Tensor = self.classify(functional.normalize(residuals.flatten(1), dim=1))
        return logits
