"""Segmentation as detection: MONAI's U-Net learns ellipsoids in the boxes; its components are candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import find_objects, label
from torch import Tensor, nn

from detector.centernet.decode import Scored
from detector.centernet.targets import SampleMarks
from detector.centernet.views import Views, ViewStream

THRESHOLDS = (0.5, 0.2)  # a component of the higher one goes first, the lower finds what it misses
LEAST_VOXELS = 4


def network() -> nn.Module:
    from monai.networks.nets import UNet

    return UNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=1,
        channels=(16, 32, 64, 96),
        strides=((1, 2, 2), (2, 2, 2), (2, 2, 2)),
        num_res_units=2,
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """`masks` (B, 1, Z, Y, X) float32, 1 in lesions."""

    views: Views
    masks: Tensor


def ellipsoids(marks: SampleMarks, shape_zyx: tuple[int, int, int]) -> np.ndarray:
    """(Z, Y, X) bool: the ellipsoid in each positive box."""
    centres = np.meshgrid(*(np.arange(n) + 0.5 for n in shape_zyx), indexing="ij", sparse=True)
    mask = np.zeros(shape_zyx, bool)
    for edges in marks.positive:
        middle, half = (edges[:3] + edges[3:]) / 2, (edges[3:] - edges[:3]) / 2
        away = sum(((c - m) / h) ** 2 for c, m, h in zip(centres, middle, half, strict=True))
        mask |= away <= 1
    return mask


class Task:
    """detector.training.task.Task: Dice and cross-entropy, as nnU-Net has them."""

    def __init__(self, stream: ViewStream) -> None:
        from monai.losses import DiceCELoss

        self._stream = stream
        self._loss = DiceCELoss(sigmoid=True, batch=True)

    def size(self, step: int) -> int:
        return self._stream.size(step)

    def batch(self, step: int, which: range) -> Batch:
        views, marks = self._stream.views(step, which)
        masks = np.stack([ellipsoids(m, views.shape_zyx) for m in marks])[:, None]
        return Batch(views, torch.from_numpy(masks.astype(np.float32)))

    def count(self, batch: Batch) -> float:
        return 1.0

    def loss(self, model: nn.Module, batch: Batch, count: float) -> Mapping[str, Tensor]:
        return {"loss": self._loss(model(batch.views.seen()), batch.masks)}


@torch.inference_mode()
def boxes(model: nn.Module, images: Tensor) -> list[list[Scored]]:
    """Of each phase (P, 1, Z, Y, X): boxes of components, scored by their highest voxel."""
    return [components(p) for p in model(images).sigmoid()[:, 0].numpy()]


def components(probability: np.ndarray) -> list[Scored]:
    """Boxes of components at both thresholds; one of the lower only where it holds none of the higher."""
    found: list[Scored] = []
    taken = np.zeros(probability.shape, bool)
    for threshold in THRESHOLDS:
        labels, _ = label(probability > threshold)
        for number, place in enumerate(find_objects(labels), start=1):
            part = labels[place] == number
            if part.sum() < LEAST_VOXELS or taken[place][part].any():
                continue
            taken[place] |= part
            edges = np.array([*(s.start for s in place), *(s.stop for s in place)], float)
            found.append((float(probability[place][part].max()), edges))
    return found
