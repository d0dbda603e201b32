"""The three losses of CenterNet-3D, the term that hard negatives add, and two that teach more of a lesion
than its centre. All in fp32."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from detector.centernet.network import Maps
from detector.centernet.plan import CenterNetPlan
from detector.centernet.targets import Targets
from detector.errors import ShapeError


def _at(maps: Tensor, centres: Tensor) -> Tensor:
    """(B, C, Z, Y, X) at (N, 4) cells b, z, y, x gives (N, C)."""
    b, z, y, x = centres.unbind(1)
    return maps[b, :, z, y, x]


def focal_heatmap_loss(
    logits: Tensor,
    target: Tensor,
    centres: Tensor,
    background: Tensor,
    *,
    alpha: float = 2.0,
    beta: float = 4.0,
    count: float | None = None,
) -> Tensor:
    """Penalty-reduced focal loss on centre heatmaps (CenterNet; L_k of paper 004).

    Args:
        logits: (B, 1, Z, Y, X) raw scores; target: the same shape in [0, 1].
        centres: (N, 4) b, z, y, x of the positives; a cell that holds two lesions counts twice.
        background: (B, 1, Z, Y, X) weight of the negative part.
        count: the positives to divide by where these samples are a part of a step; those here by default.
    Returns:
        Scalar, divided by max(count, 1): with no positive only the negative part is left.
    Raises:
        ShapeError: the shapes differ.
    Differs from the reference: log sigma and log(1 - sigma) come from logsigmoid, no probability is clamped.
    """
    if not logits.shape == target.shape == background.shape:
        raise ShapeError("Heatmap logits, target and background weights need one shape.")
    logits = logits.float()
    log_p, log_q = logsigmoid(logits), logsigmoid(-logits)
    negative = -((1 - target) ** beta) * log_p.mul(alpha).exp() * log_q * background
    b, z, y, x = centres.unbind(1)
    is_centre = torch.zeros_like(target, dtype=torch.bool)
    is_centre[b, 0, z, y, x] = True
    positive = -(_at(log_q, centres).mul(alpha).exp() * _at(log_p, centres)).sum()
    total = positive + negative.masked_fill(is_centre, 0.0).sum()
    return total / _divisor(count, centres)


def _divisor(count: float | None, centres: Tensor) -> float:
    return max(len(centres) if count is None else count, 1)


def hard_negative_loss(logits: Tensor, targets: Targets, *, count: float | None = None) -> Tensor:
    """-p^2 log(1 - p) around rejected candidates, weighted by their Gaussian, over max(count, 1) positives.

    A positive nearby keeps its (1 - Y)^4: a rejected box must not push down the lesion beside it.
    """
    logits = logits.float()
    weight = targets.rejected * (1 - targets.heatmap) ** 4
    term = -weight * logsigmoid(logits).mul(2).exp() * logsigmoid(-logits)
    return term.sum() / _divisor(count, targets.centres)


def inside_loss(logits: Tensor, targets: Targets, *, count: float | None = None) -> Tensor:
    """Focal cross-entropy (gamma 2) of lying inside a lesion: of each lesion the mean over its cells, of the
    background a tenth of the sum, over max(count, 1) positives. Cells that do not teach add nothing."""
    logits = logits.float()
    log_p, log_q = logsigmoid(logits), logsigmoid(-logits)
    within = -targets.inside * log_q.mul(2).exp() * log_p
    outside = -((targets.inside == 0) * targets.background) * log_p.mul(2).exp() * log_q
    return (within.sum() + 0.1 * outside.sum()) / _divisor(count, targets.centres)


def relative_size_loss(
    maps: Tensor, centres: Tensor, wanted: Tensor, *, count: float | None = None
) -> Tensor:
    """L1 of sizes at the centre cells as shares of the size wanted (of a cell where that is less), summed
    over the axes and divided by max(count, 1)."""
    apart = (_at(maps.float(), centres) - wanted).abs() / wanted.clamp_min(1.0)
    return apart.sum() / _divisor(count, centres)


def regression_loss(maps: Tensor, centres: Tensor, wanted: Tensor, *, count: float | None = None) -> Tensor:
    """L1 at the centre cells, summed over the three axes and divided by max(count, 1) (eq. 2 of paper 004).

    The reference code divides by N x axes; the paper's equation, followed here, by N.
    """
    return (_at(maps.float(), centres) - wanted).abs().sum() / _divisor(count, centres)


def centernet_loss(
    stacks: Sequence[Maps], targets: Targets, plan: CenterNetPlan, *, count: float | None = None
) -> dict[str, Tensor]:
    """L = L_k + 0.1 L_size + 1 L_off + w L_hard + the plan's further terms, each averaged over the stacks;
    "loss" is the sum.

    `count` is the number of positives of the whole step where these samples are a part of it.
    """
    sums: dict[str, Tensor] = {}
    for maps in stacks:
        terms = {
            "heatmap": focal_heatmap_loss(
                maps.heatmap, targets.heatmap, targets.centres, targets.background, count=count
            ),
            "size": regression_loss(maps.size, targets.centres, targets.size, count=count),
            "offset": regression_loss(maps.offset, targets.centres, targets.offset, count=count),
            "hard_negative": hard_negative_loss(maps.heatmap, targets, count=count),
        }
        if plan.relative_size_weight:
            terms["relative_size"] = relative_size_loss(maps.size, targets.centres, targets.size, count=count)
        if maps.inside is not None:
            terms["inside"] = inside_loss(maps.inside, targets, count=count)
        for name, value in terms.items():
            sums[name] = sums[name] + value / len(stacks) if name in sums else value / len(stacks)
    weights = {
        "heatmap": 1.0,
        "size": plan.size_weight,
        "offset": plan.offset_weight,
        "hard_negative": plan.hard_negative_weight,
        "relative_size": plan.relative_size_weight,
        "inside": plan.inside_weight,
    }
    return {"loss": torch.stack([weights[n] * v for n, v in sums.items()]).sum(), **sums}
