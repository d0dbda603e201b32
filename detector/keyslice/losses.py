"""The two losses of the key slice filter, summed."""

from __future__ import annotations

from monai.losses import DiceCELoss
from torch import Tensor, nn
from torch.nn import functional

from detector.keyslice.network import KeySliceNetwork
from detector.keyslice.samples import Batch

CERTAIN_BACKGROUND = -20.0  # a logit whose loss against background is 0 in single precision


def segmentation_loss(logits: Tensor, target: Tensor, teaches: Tensor) -> Tensor:
    """Dice plus cross-entropy of the lesion mask where it is known.

    Args:
        logits: (B, 1, H, W) raw scores.
        target: (B, 1, H, W) of 0/1.
        teaches: (B, 1, H, W) bool; False pixels add nothing to the loss and get no gradient.
    Returns:
        Scalar: over the whole batch at once, since many slices hold no lesion.
    """
    known = logits.float().masked_fill(~teaches, CERTAIN_BACKGROUND)
    criterion: nn.Module = DiceCELoss(sigmoid=True, batch=True)
    loss: Tensor = criterion(known, target * teaches)
    return loss


def key_slice_loss(network: KeySliceNetwork, batch: Batch) -> dict[str, Tensor]:
    """Terms by name: "segment" (Dice + CE), "classify" (binary CE; not of a batch without views) and their
    sum "loss"."""
    segment = segmentation_loss(network.segment(batch.slabs), batch.targets, batch.teaches)
    if not len(batch.views):
        return {"loss": segment, "segment": segment}
    classify = functional.binary_cross_entropy_with_logits(network.classify(batch.views), batch.primary)
    return {"loss": segment + classify, "segment": segment, "classify": classify}
