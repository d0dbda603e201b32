"""Networks that answer together: those of the folds of a cross-validation, or a single one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from detector.evaluation.calibration import tempered
from detector.hardware import device_of
from detector.sadt.classes import CLASSES
from detector.sadt.config import SadtPlan
from detector.sadt.network import LesionNetwork, build_network
from detector.sadt.samples import LesionSample, collate
from detector.weights import fill

Floats = npt.NDArray[np.float64]


class Ensemble(nn.Module):
    """`plan.folds` networks; the tensors of a single one keep their plain names."""

    def __init__(self, members: Sequence[LesionNetwork]) -> None:
        super().__init__()
        self.folds = nn.ModuleList(members)

    def __iter__(self) -> Iterator[LesionNetwork]:
        return iter(self.folds)  # type: ignore[arg-type]

    def tensors(self) -> dict[str, Tensor]:
        """By the name in a weights file."""
        return dict(self.folds[0].state_dict() if len(self.folds) == 1 else self.folds.state_dict())

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes the tensors of as many networks, or of a single one for each; raises PlanError."""
        single = not any(name.startswith("0.") for name in tensors)
        for network in self if single else [self.folds]:
            fill(network, tensors)


def build_ensemble(plan: SadtPlan) -> Ensemble:
    """The networks of a plan, with random weights."""
    return Ensemble([build_network(plan) for _ in range(plan.folds)])


@torch.inference_mode()
def logits_of(network: LesionNetwork, samples: Sequence[LesionSample]) -> Floats:
    """(N, 4): one network's logits of each lesion's first view, which is its largest slice."""
    network.eval()
    device = device_of(network)
    rows = []
    for sample in samples:
        batch = collate([sample.images[0].astype(np.float32)], [sample.masks[0]], [sample.label])
        rows.append(network(batch.images.to(device), batch.masks.to(device))[0].double().cpu().numpy())
    return np.array(rows).reshape(len(samples), len(CLASSES))


def answered(logits: npt.ArrayLike, plan: SadtPlan, how: str | None = None) -> Floats:
    """(..., C) shares that sum to 1 from (K, ..., C) logits of K networks: the mean of their shares at the
    plan's temperature ("probability"), or the share of networks that put a class first ("vote"; what they
    tie in is told by the mean share). `how` is the plan's answer unless it is given."""
    shares = tempered(logits, plan.temperature)
    mean: Floats = shares.mean(axis=0)
    if (how or plan.answer) == "probability":
        return mean
    votes = np.eye(shares.shape[-1])[shares.argmax(axis=-1)].sum(axis=0)
    weighed = votes + mean / 2  # less than half a vote apart: only a tie is broken
    total: Floats = weighed / weighed.sum(axis=-1, keepdims=True)
    return total
