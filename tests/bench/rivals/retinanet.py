"""MONAI's 3D RetinaNet: a ResNet with a feature pyramid, anchors, ATSS matching, hard negative sampling.

Set up as MONAI's own detection tutorial does it for lung nodules, at a size like ours, with anchors from the
boxes it is to learn.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from detector.centernet.decode import Scored
from detector.centernet.samples import SampleStore
from detector.centernet.targets import SampleMarks
from detector.centernet.views import Views, ViewStream
from tests.bench import packages

STRIDES = ((2, 4, 4), (4, 8, 8), (8, 16, 16))
CHANNELS = (24, 48, 96, 128)
PYRAMID = 48
_NEED_TORCHVISION = (
    "monai.networks.blocks.backbone_fpn_utils",
    "monai.apps.detection.networks.retinanet_network",
    "monai.apps.detection.networks.retinanet_detector",
)


def network(anchors_zyx: Sequence[Sequence[float]], top: int) -> nn.Module:
    """A RetinaNetDetector of 1.8 million weights; `anchors_zyx` are sizes in voxels at its finest level."""
    packages.torchvision()
    from monai.apps.detection.utils.anchor_utils import AnchorGeneratorWithAnchorShape
    from monai.networks.nets import resnet

    # They look for torchvision when they are loaded, which may have been before it was there.
    fpn, heads, detecting = (importlib.reload(importlib.import_module(name)) for name in _NEED_TORCHVISION)
    body = resnet.ResNet(
        block=resnet.ResNetBlock,
        layers=[1, 2, 2, 1],
        block_inplanes=list(CHANNELS),
        n_input_channels=1,
        conv1_t_size=(3, 7, 7),
        conv1_t_stride=(1, 2, 2),
        no_max_pool=True,
        feed_forward=False,
    )
    pyramid = fpn.BackboneWithFPN(
        body, {"layer2": "0", "layer3": "1"}, list(CHANNELS[1:3]), PYRAMID, spatial_dims=3
    )
    found = detecting.RetinaNetDetector(
        heads.RetinaNet(3, 1, len(anchors_zyx), pyramid),
        AnchorGeneratorWithAnchorShape([1, 2, 4], anchors_zyx),
    )
    found.set_atss_matcher(num_candidates=4, center_in_gt=False)
    found.set_hard_negative_sampler(batch_size_per_image=64, positive_fraction=0.25, pool_size=20, min_neg=16)
    found.set_box_selector_parameters(
        score_thresh=0.02, topk_candidates_per_level=1000, nms_thresh=0.22, detections_per_img=top
    )
    return found


def anchors_of(store: SampleStore) -> list[list[float]]:
    """Three sizes (z, y, x) in voxels; the pyramid's levels take them doubled and fourfold."""
    edges = np.concatenate([m.positive for m in store.marks])
    sizes = edges[:, 3:] - edges[:, :3]
    return [np.quantile(sizes, q, axis=0).clip(1.0).tolist() for q in (0.1, 0.25, 0.45)]


@dataclass(frozen=True, slots=True)
class Batch:
    """`edges` (N, 6) of all lesions, `owner` (N,) the sample of each."""

    views: Views
    edges: Tensor
    owner: Tensor


def inside(marks: SampleMarks, shape_zyx: Sequence[int]) -> np.ndarray:
    """(N, 6) edges of the positives whose centre is seen, cut at the view's faces."""
    edges, shape = marks.positive, np.array(shape_zyx, float)
    centre = (edges[:, :3] + edges[:, 3:]) / 2
    kept = edges[((centre >= 0) & (centre < shape)).all(axis=1)]
    return np.clip(kept, 0, np.tile(shape, 2))


class Task:
    """detector.training.task.Task: MONAI's own losses, each a mean, added."""

    def __init__(self, stream: ViewStream) -> None:
        self._stream = stream

    def size(self, step: int) -> int:
        return self._stream.size(step)

    def batch(self, step: int, which: range) -> Batch:
        views, marks = self._stream.views(step, which)
        boxes = [inside(m, views.shape_zyx) for m in marks]
        owner = np.repeat(np.arange(len(boxes)), [len(b) for b in boxes])
        edges = torch.from_numpy(np.concatenate(boxes).astype(np.float32))
        return Batch(views, edges, torch.from_numpy(owner))

    def count(self, batch: Batch) -> float:
        return 1.0

    def loss(self, model: nn.Module, batch: Batch, count: float) -> Mapping[str, Tensor]:
        seen = (batch.views.seen() + 1) / 2
        targets: list[dict[str, Any]] = []
        for sample in range(len(seen)):
            edges = batch.edges[batch.owner == sample]
            labels = torch.zeros(len(edges), dtype=torch.long, device=edges.device)
            targets.append({"boxes": edges, "labels": labels})
        terms = model(seen, targets)
        return {"loss": terms["classification"] + terms["box_regression"], **terms}


@torch.inference_mode()
def boxes(model: nn.Module, images: Tensor) -> list[list[Scored]]:
    """Of each phase (P, 1, Z, Y, X): its boxes as detector.centernet.phases wants them."""
    found: list[list[Scored]] = []
    for one in model((images + 1) / 2):
        edges = one["boxes"].double().numpy()
        found.append(
            [(float(s), e) for s, e in zip(one["labels_scores"], edges, strict=True) if (e[3:] > e[:3]).all()]
        )
    return found
