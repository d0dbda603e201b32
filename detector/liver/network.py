"""The network: MONAI's residual U-Net, whose first level works at half of its input's resolution."""

from __future__ import annotations

import torch
from monai.networks.nets import UNet
from torch import nn

from detector.liver.config import LiverPlan

CHANNELS = 4  # soft tissue, all HU, and where in the body: from side to side, from front to back
FEATURES = 4  # at full resolution
PRIOR = 0.1  # about the share of a view that is liver


def make_network(plan: LiverPlan) -> nn.Module:
    """(B, 4, Z, Y, X), each side a multiple of plan.cell, to (B, 1, Z, Y, X) logits of being liver."""
    network = UNet(
        spatial_dims=3,
        in_channels=CHANNELS,
        out_channels=FEATURES,
        channels=plan.channels,
        strides=(2,) * (len(plan.channels) - 1),
        num_res_units=plan.residual_units,
        norm=("instance", {"affine": True}),
    )
    # MONAI's own last layer would be one normalised channel, whose logits take long to grow.
    last = nn.Conv3d(FEATURES, 1, 1)
    nn.init.constant_(last.bias, float(torch.logit(torch.tensor(PRIOR))))  # type: ignore[arg-type]
    return nn.Sequential(network, last)
