"""What a step of SaDT's training is made of: augmented crops and a focal loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from detector.data.crops import hide_phases
from detector.sadt.config import SadtPlan
from detector.sadt.losses import focal_loss
from detector.sadt.samples import Batch, LesionSample, collate
from detector.training.task import sample_rng, shuffled

SHIFT_PIXELS = 4


def _augment(
    image: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_], plan: SadtPlan, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Quarter turns, flips, a shift of a few pixels, a pixel more for each phase as registration leaves it, a
    little HU offset and gain; never a change of scale."""
    phases = len(plan.phases)
    turns, flip = int(rng.integers(4)), bool(rng.integers(2))
    shift = tuple(rng.integers(-SHIFT_PIXELS, SHIFT_PIXELS + 1, 2))
    image = np.roll(np.rot90(image, turns, (-2, -1)), shift, (-2, -1))
    mask = np.roll(np.rot90(mask, turns), shift, (0, 1))
    if flip:
        image, mask = image[..., ::-1], mask[:, ::-1]
    image = image.copy()
    for phase in range(phases):
        image[phase] = np.roll(image[phase], tuple(rng.integers(-1, 2, 2)), (-2, -1))
    # One gain and offset for all phases: the differences between phases are what tells the classes apart.
    image[:phases] = (image[:phases] * rng.uniform(0.9, 1.1) + rng.uniform(-0.05, 0.05)) * image[phases:]
    hide_phases(image, phases, plan.phase_dropout, rng)
    return image, mask.copy()


class SadtTask:
    """detector.training.task.Task: every lesion once an epoch, one of its slices at random, augmented.

    `weights` (4,) are those of the classes. A network with batch norm takes a step in parts as it takes so
    many smaller batches.
    """

    def __init__(self, samples: Sequence[LesionSample], plan: SadtPlan, weights: Tensor) -> None:
        self._samples = samples
        self._plan = plan
        self._weights = weights

    def size(self, step: int) -> int:
        return self._plan.batch

    def batch(self, step: int, which: range) -> Batch:
        plan = self._plan
        images, masks, labels = [], [], []
        for number in which:
            rng = sample_rng(plan.seed, step, number)
            sample = self._samples[shuffled(plan.seed, len(self._samples), step * plan.batch + number)]
            z = int(rng.integers(len(sample.images)))
            image, mask = _augment(sample.images[z].astype(np.float32), sample.masks[z], plan, rng)
            images.append(image)
            masks.append(mask)
            labels.append(sample.label)
        return collate(images, masks, labels)

    def count(self, batch: Batch) -> float:
        return len(batch.labels)

    def loss(self, model: nn.Module, batch: Batch, count: float) -> Mapping[str, Tensor]:
        logits = model(batch.images, batch.masks)
        share = len(batch.labels) / count
        right = (logits.detach().argmax(1) == batch.labels).float().mean()
        weights = self._weights.to(logits.device)
        loss = focal_loss(logits, batch.labels, weights, gamma=self._plan.gamma)
        return {"loss": loss * share, "accuracy": right * share}
