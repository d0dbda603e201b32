"""Focal loss over classes, and the weights that keep a rare class in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from detector.errors import ShapeError
from detector.sadt.classes import CLASSES

PAPER_WEIGHTS = {"hcc": 5.0, "metastasis": 2.0}


def focal_loss(logits: Tensor, target: Tensor, weights: Tensor, *, gamma: float = 2.0) -> Tensor:
    """Mean over the batch of -w_y (1 - p_y)^gamma log p_y (Lin et al. 2017, over a softmax).

    Args:
        logits: (B, C) raw scores.
        target: (B,) class indices.
        weights: (C,) class weights.
    Returns:
        Scalar; 0 for an empty batch.
    Raises:
        ShapeError: batch sizes or class counts differ.
    """
    if logits.shape[0] != target.shape[0] or logits.shape[1] != weights.shape[0]:
        raise ShapeError("Logits, targets and class weights do not fit each other.")
    log_p = torch.log_softmax(logits.float(), dim=1).gather(1, target[:, None])[:, 0]
    loss = -weights[target] * (1 - log_p.exp()) ** gamma * log_p
    return loss.sum() / max(len(target), 1)


def class_weights(
    counts: Sequence[int], weighting: Literal["effective_number", "paper"], *, beta: float = 0.99
) -> Tensor:
    """(4,) weights in the order of CLASSES.

    "effective_number": inverse effective number of samples, (1 - beta) / (1 - beta^n) (Cui et al. 2019),
    scaled to a mean of 1 over the classes that occur; a class without lesions gets 0. "paper": 5 for HCC,
    2 for metastasis, 1 for the rest, as printed (which weighs the commonest class up).
    """
    if weighting == "paper":
        return torch.tensor([PAPER_WEIGHTS.get(name, 1.0) for name in CLASSES])
    raw = torch.tensor([(1 - beta) / (1 - beta**n) if n > 0 else 0.0 for n in counts])
    present = raw > 0
    return raw / raw[present].mean() if present.any() else raw
