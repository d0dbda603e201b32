"""The texture encoding of SaDT: residuals to learned codewords, pooled over the lesion's own cells only."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from detector.errors import ShapeError


def assign(features: Tensor, codewords: Tensor, smoothing: Tensor, delta: Tensor) -> Tensor:
    """delta_i a_ik (B, N, K), a_ik = softmax_k(-s_k |x_i - c_k|^2): how far each descriptor counts for each
    codeword; arguments as of `encode`."""
    squared = (
        features.square().sum(-1, keepdim=True)
        - 2 * features @ codewords.T
        + codewords.square().sum(-1)[None, None]
    )
    return torch.softmax(-smoothing * squared, dim=-1) * delta[..., None]


def encode(features: Tensor, codewords: Tensor, smoothing: Tensor, delta: Tensor) -> Tensor:
    """Aggregated residuals e_k = sum_i delta_i a_ik (x_i - c_k).

    SaDT, stage 4 (Deep TEN's encoding with the lesion mask delta). The (N, K, D) tensor of residuals is
    never formed: |x - c|^2 is expanded, and the sum is A^T X - (sum_i A) C.

    Args:
        features: (B, N, D) descriptors x_i.
        codewords: (K, D) c_k.
        smoothing: (K,) s_k.
        delta: (B, N) weight of each descriptor, 1 inside the lesion.
    Returns:
        (B, K, D).
    """
    assignment = assign(features, codewords, smoothing, delta)
    return assignment.transpose(1, 2) @ features - assignment.sum(1)[..., None] * codewords


def lesion_cells(mask: Tensor, shape_yx: tuple[int, int]) -> Tensor:
    """The lesion mask at the feature map's resolution: (B, H, W) of 0/1 in, (B, h, w) out.

    An adaptive max-pool, so that a lesion of one pixel keeps one cell. An empty mask gives all ones: the
    encoding then pools over the whole crop instead of over nothing.
    """
    pooled = functional.adaptive_max_pool2d(mask[:, None].float(), shape_yx)[:, 0]
    empty = pooled.flatten(1).sum(1) == 0
    return torch.where(empty[:, None, None], torch.ones_like(pooled), pooled)


class Encoding(nn.Module):
    """`codewords` K of D channels, each with a learned smoothing factor.

    Runs outside autocast in single precision or better: the expanded distance loses several per cent in
    bfloat16 as soon as features have an offset.
    """

    def __init__(self, channels: int, codewords: int) -> None:
        super().__init__()
        bound = 1 / (channels * codewords) ** 0.5
        self.codewords = nn.Parameter(torch.empty(codewords, channels).uniform_(-bound, bound))
        self.smoothing = nn.Parameter(torch.empty(codewords).uniform_(0, 1))

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """(B, D, h, w) features and (B, H, W) lesion mask to (B, K, D) residuals.

        Raises:
            ShapeError: the features do not have the codewords' channels, or the batch sizes differ.
        """
        if features.shape[1] != self.codewords.shape[1] or features.shape[0] != mask.shape[0]:
            raise ShapeError("Features and mask do not fit the encoding.")
        with torch.autocast(device_type=features.device.type, enabled=False):
            descriptors, delta = self._in_lesion(features, mask)
            return encode(descriptors, self.codewords, self.smoothing, delta)

    def contributions(self, features: Tensor, mask: Tensor, weight: Tensor) -> Tensor:
        """(B, C, h, w): what each cell adds to weight (C, K, D) times the residuals, delta_i sum_k a_ik
        w_k (x_i - c_k); summed over the cells it is all of that."""
        descriptors, delta = self._in_lesion(features, mask)
        counted = assign(descriptors, self.codewords, self.smoothing, delta)
        residuals = torch.einsum("bnd,ckd->bnck", descriptors, weight)
        residuals = residuals - (weight * self.codewords).sum(-1)
        added = (residuals * counted[:, :, None]).sum(-1)
        return added.transpose(1, 2).unflatten(2, features.shape[2:])

    def _in_lesion(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, D) descriptors and (B, N) whether each is of the lesion."""
        wide = features if features.dtype == torch.float64 else features.float()
        delta = lesion_cells(mask, (features.shape[2], features.shape[3])).to(wide.dtype)
        return wide.flatten(2).transpose(1, 2), delta.flatten(1)
