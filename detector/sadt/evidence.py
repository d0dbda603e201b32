"""What drove a decision: how much each cell of the lesion and each phase weighed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from detector.data.crops import CropGrid
from detector.sadt.config import SadtPlan
from detector.sadt.ensemble import Ensemble


@dataclass(frozen=True, slots=True)
class View:
    """A lesion as networks see it: (1, 2 P, [D,] side, side) images, (1, side, side) mask, where it is."""

    images: Tensor
    mask: Tensor
    grid: CropGrid


@torch.inference_mode()
def cells_for(networks: Ensemble, view: View, label: int) -> npt.NDArray[np.float64]:
    """(h, w): how much each cell speaks for a class, in logits over the mean of all classes and of all
    networks. Exact, not estimated: the cells sum to that margin but for the classifier's constant, and cells
    outside the lesion that the pooling does not see are 0."""
    maps = []
    for network in networks:
        added = network.explain(view.images, view.mask)[0].double()
        maps.append((added[label] - added.mean(0)).cpu().numpy())
    found: npt.NDArray[np.float64] = np.mean(maps, axis=0)
    return found


def weight_of_phases(
    view: View, plan: SadtPlan, present: list[str], share: Callable[[Tensor], float]
) -> dict[str, float]:
    """By phase that is there how much the first answer's share falls without it (below 0: it rises): the
    phase is hidden as an absent one is. None of them where there is a single one.

    `share` is the share of the first answer, of images.
    """
    if len(present) < 2:
        return {}
    with_all, phases = share(view.images), len(plan.phases)
    weights = {}
    for phase in present:
        hidden, at = view.images.clone(), plan.phases.index(phase)
        hidden[:, [at, phases + at]] = 0
        weights[phase] = round(with_all - share(hidden), 4)
    return weights


def told(cells: npt.NDArray[np.float64], grid: CropGrid) -> dict[str, Any]:
    """The cells as JSON, with the extent of the view in mm (LPS): {"lo_xy_mm", "hi_xy_mm", "cells"}, rows to
    the patient's back and columns to the left, as in the volume."""
    lo, hi = grid.extent_xy_mm
    return {
        "lo_xy_mm": [round(v, 3) for v in lo],
        "hi_xy_mm": [round(v, 3) for v in hi],
        "cells": [[round(float(v), 4) for v in row] for row in cells],
    }
