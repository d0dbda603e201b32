"""The two networks of the key slice filter: a 2.5D lesion segmentation and a primary / not primary judge."""

from __future__ import annotations

import torch
from monai.networks.nets import BasicUNet
from torch import Tensor, nn
from torch.nn import functional

from detector.keyslice.config import KeySlicePlan

SLICES = 3  # a slice and its two neighbours


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
        nn.GroupNorm(max(1, outputs // 4), outputs),
        nn.ReLU(inplace=True),
    )


class PrimaryClassifier(nn.Module):
    """(B, 2 P + 1, H, W) phases, presence planes and box plane to (B,) logits of being the primary lesion."""

    def __init__(self, plan: KeySlicePlan) -> None:
        super().__init__()
        width = plan.classify_width
        self.features = nn.Sequential(
            _block(2 * len(plan.phases) + 1, width, 2),
            _block(width, 2 * width, 2),
            _block(2 * width, 2 * width, 1),
            _block(2 * width, 4 * width, 2),
            _block(4 * width, 4 * width, 1),
        )
        self.judge = nn.Linear(8 * width, 1)

    def forward(self, views: Tensor) -> Tensor:
        features = self.features(views)
        # The candidate apart from its surroundings: a small lesion would drown in one mean over the view.
        box = functional.adaptive_max_pool2d(views[:, -1:], (features.shape[2], features.shape[3]))
        inside = (features * box).sum((2, 3)) / box.sum((2, 3)).clamp_min(1)
        logits: Tensor = self.judge(torch.cat([inside, features.mean((2, 3))], dim=1))
        return logits[:, 0]


class KeySliceNetwork(nn.Module):
    """Both networks, trained together and kept in one weights file.

    `segment` takes (B, 3, H, W): three adjacent slices of the reference phase, to (B, 1, H, W) lesion logits
    of the middle one; H and W multiples of 16.
    """

    def __init__(self, plan: KeySlicePlan) -> None:
        super().__init__()
        w = plan.segment_width
        self.segment = BasicUNet(
            spatial_dims=2,
            in_channels=SLICES,
            out_channels=1,
            features=(w, w, 2 * w, 4 * w, 8 * w, w),
            norm=("group", {"num_groups": w // 4}),
        )
        self.classify = PrimaryClassifier(plan)
