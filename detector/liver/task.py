"""What a step of the liver network's training is made of: random views of bodies and their livers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from monai.losses import DiceCELoss
from torch import Tensor, nn

from detector.liver.augmentation import random_view
from detector.liver.body import channels
from detector.liver.config import LiverPlan
from detector.liver.samples import Sample
from detector.training.task import sample_rng, shuffled

Batch = tuple[Tensor, Tensor]


class LiverTask:
    """detector.training.task.Task: (B, 4, Z, Y, X) inputs and (B, 1, Z, Y, X) livers, every sample once an
    epoch, one height a step.

    Dice plus cross-entropy over the whole batch at once, since some views hold next to no liver; of a step
    taken in parts, the mean of its parts'.
    """

    def __init__(self, samples: Sequence[Sample], plan: LiverPlan) -> None:
        self._samples = samples
        self._plan = plan
        self._criterion: nn.Module = DiceCELoss(sigmoid=True, batch=True)

    def size(self, step: int) -> int:
        return self._plan.batch

    def batch(self, step: int, which: range) -> Batch:
        plan = self._plan
        depth = int(np.random.default_rng([plan.seed, step]).choice(plan.depths))
        views = []
        for number in which:
            sample = self._samples[shuffled(plan.seed, len(self._samples), step * plan.batch + number)]
            hu = torch.from_numpy(sample.hu.astype(np.float32))
            liver = torch.from_numpy(sample.liver.astype(np.float32))
            views.append(random_view(hu, liver, depth, plan, sample_rng(plan.seed, step, number)))
        return (
            torch.stack([channels(hu, plan) for hu, _ in views]),
            torch.stack([liver[None] for _, liver in views]),
        )

    def count(self, batch: Batch) -> float:
        return len(batch[0])

    def loss(self, model: nn.Module, batch: Batch, count: float) -> Mapping[str, Tensor]:
        images, livers = batch
        return {"loss": self._criterion(model(images).float(), livers) * (len(images) / count)}
