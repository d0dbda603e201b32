"""What a step of CenterNet-3D's training is made of: augmented samples and their targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from detector.centernet.augmentation import (
    Exposure,
    draw_crop,
    draw_exposure,
    draw_move,
    expose,
    matrix_of,
    see,
)
from detector.centernet.losses import centernet_loss
from detector.centernet.plan import Axes, CenterNetPlan
from detector.centernet.samples import SampleStore
from detector.centernet.targets import Targets, in_slices, make_targets
from detector.training.task import sample_rng, shuffled


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples as they lie in the store, (B, 1, Z, Y, X) fp16, and how they are to be seen: the voxels are
    moved on the device that trains, where it costs least."""

    images: Tensor
    matrices: Tensor
    exposure: Exposure
    targets: Targets
    shape_zyx: Axes


def seen(batch: Batch) -> Tensor:
    """(B, 1, *batch.shape_zyx) float32 in [-1, 1]: the augmented input of the network."""
    return expose(see(batch.images, batch.matrices, batch.shape_zyx), batch.exposure)


class CenterNetTask:
    """detector.training.task.Task: crops first, whole inputs later, as the plan says."""

    def __init__(self, store: SampleStore, plan: CenterNetPlan) -> None:
        self._store = store
        self._plan = plan
        # Steps below this one see crops.
        self._crops = int(np.ceil(plan.crop_share * plan.steps)) if plan.crop_zyx else 0

    def size(self, step: int) -> int:
        return self._plan.crop_batch if step < self._crops else self._plan.batch

    def batch(self, step: int, which: range) -> Batch:
        plan, store = self._plan, self._store
        cropped = plan.crop_zyx if step < self._crops else None
        shape = cropped or plan.input_zyx
        before = plan.crop_batch * min(step, self._crops) + plan.batch * max(step - self._crops, 0)
        images, matrices, told, rngs = [], [], [], []
        for number in which:
            rng = sample_rng(plan.seed, step, number)
            chosen = shuffled(plan.seed, len(store.marks), before + number)
            marks = store.marks[chosen]
            move = draw_crop(rng, plan, cropped, marks) if cropped else draw_move(rng, plan)
            images.append(store.images[chosen])
            matrices.append(matrix_of(move, plan.input_zyx, shape))
            seen_marks = move.marks(marks)
            told.append(in_slices(seen_marks, shape[0]) if plan.planar else seen_marks)
            rngs.append(rng)
        heatmap: Axes = tuple(n // s for n, s in zip(shape, plan.stride_zyx, strict=True))  # type: ignore[assignment]
        return Batch(
            torch.from_numpy(np.stack(images)[:, None]),
            torch.from_numpy(np.stack(matrices)),
            draw_exposure(rngs),
            make_targets(told, heatmap, plan.stride_zyx, kernel_in=plan.gaussian),
            shape,
        )

    def count(self, batch: Batch) -> float:
        """Positives: the losses are divided by them."""
        return len(batch.targets.centres)

    def loss(self, model: nn.Module, batch: Batch, count: float) -> Mapping[str, Tensor]:
        return centernet_loss(model(seen(batch)), batch.targets, self._plan, count=count)
