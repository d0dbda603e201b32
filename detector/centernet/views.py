"""What a step of training looks at: samples of a store through crops and augmentation, drawn by number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from detector.centernet.augmentation import (
    Exposure,
    draw_crop,
    draw_exposure,
    draw_move,
    expose,
    matrix_of,
    see,
)
from detector.centernet.plan import Axes, CenterNetPlan
from detector.centernet.samples import SampleStore
from detector.centernet.targets import SampleMarks
from detector.training.task import sample_rng, shuffled


@dataclass(frozen=True, slots=True)
class Views:
    """Samples as they lie in the store, (B, 1, Z, Y, X) fp16, and how they are to be seen: the voxels are
    moved on the device that trains, where it costs least."""

    images: Tensor
    matrices: Tensor
    exposure: Exposure
    shape_zyx: Axes

    def seen(self) -> Tensor:
        """(B, 1, *shape_zyx) float32 in [-1, 1]: the augmented input of the network."""
        return expose(see(self.images, self.matrices, self.shape_zyx), self.exposure)


class ViewStream:
    """Crops first, whole inputs later, as the plan says; each step's come from its number alone."""

    def __init__(self, store: SampleStore, plan: CenterNetPlan) -> None:
        self._store = store
        self._plan = plan
        # Steps below this one see crops.
        self._crops = int(np.ceil(plan.crop_share * plan.steps)) if plan.crop_zyx else 0

    def size(self, step: int) -> int:
        """How many samples a step takes."""
        return self._plan.crop_batch if step < self._crops else self._plan.batch

    def views(self, step: int, which: range) -> tuple[Views, list[SampleMarks]]:
        """Those samples of a step, and their marks on the grid they are seen on."""
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
            told.append(move.marks(marks))
            rngs.append(rng)
        views = Views(
            torch.from_numpy(np.stack(images)[:, None]),
            torch.from_numpy(np.stack(matrices)),
            draw_exposure(rngs, plan),
            shape,
        )
        return views, told
