"""What a step of the key slice filter's training is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from detector.data.crops import hide_phases
from detector.keyslice.config import KeySlicePlan
from detector.keyslice.losses import key_slice_loss
from detector.keyslice.network import KeySliceNetwork
from detector.keyslice.samples import Batch, Samples
from detector.training.task import sample_rng


def _turned(arrays: Sequence[npt.NDArray], side: int, rng: np.random.Generator) -> list[npt.NDArray]:
    """The same random window of `side`, quarter turn and flip on the last two axes of every array."""
    y, x = (int(v) for v in rng.integers(0, arrays[0].shape[-1] - side + 1, 2))
    turns, flip = int(rng.integers(4)), bool(rng.integers(2))
    out = []
    for array in arrays:
        part = np.rot90(array[..., y : y + side, x : x + side], turns, (-2, -1))
        out.append(np.ascontiguousarray(part[..., ::-1] if flip else part))
    return out


class KeySliceTask:
    """detector.training.task.Task: slabs at random; views half primary, half not, since neither is rare in
    use. Dice is a ratio over a batch: that of a step taken in parts is the mean of its parts'."""

    def __init__(self, samples: Samples, plan: KeySlicePlan) -> None:
        self._slabs = samples.slabs
        self._views = ([v for v in samples.views if v.primary], [v for v in samples.views if not v.primary])
        self._plan = plan

    def size(self, step: int) -> int:
        return self._plan.batch

    def batch(self, step: int, which: range) -> Batch:
        plan = self._plan
        slabs, views, truth = [], [], []
        for number in which:
            rng = sample_rng(plan.seed, step, number)
            slab = self._slabs[int(rng.integers(len(self._slabs)))]
            slabs.append(
                _turned(
                    [slab.image.astype(np.float32), slab.target[None], slab.teaches[None]],
                    plan.segment_side,
                    rng,
                )
            )
            if plan.learns == "slices":
                continue
            pool = self._views[number % 2]
            view = pool[int(rng.integers(len(pool)))]
            (image,) = _turned([view.image.astype(np.float32)], plan.view_side, rng)
            hide_phases(image, len(plan.phases), plan.phase_dropout, rng)
            views.append(image)
            truth.append(float(view.primary))
        slab_images, targets, teaches = (torch.from_numpy(np.stack(p)) for p in zip(*slabs, strict=True))
        view_images = torch.from_numpy(np.stack(views)) if views else torch.empty(0)
        return Batch(slab_images, targets.float(), teaches, view_images, torch.tensor(truth))

    def count(self, batch: Batch) -> float:
        return len(batch.slabs)

    def loss(self, model: nn.Module, batch: Batch, count: float) -> Mapping[str, Tensor]:
        terms = key_slice_loss(cast(KeySliceNetwork, model), batch)
        return {name: value * (len(batch.slabs) / count) for name, value in terms.items()}
