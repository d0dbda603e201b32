"""MIND-SSC: what a place looks like compared with its own neighbourhood, whatever its HU.

Heinrich et al., Towards realtime multimodal fusion for image-guided interventions using self-similarities,
MICCAI 2013: twelve distances between patches around a voxel, each pair of neighbours 90 degrees apart as seen
from it, turned into values in [0, 1] by exp(-D / V) with V the local mean of D.
"""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional

_NEIGHBOURS = ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1))
_PAIRS = tuple(
    (a, b) for a, b in combinations(_NEIGHBOURS, 2) if any(p != -q for p, q in zip(a, b, strict=True))
)
CHANNELS = len(_PAIRS)


def mind(image: Tensor, *, distance: int, radius: int = 1) -> Tensor:
    """Descriptors of an image (Z, Y, X) float, as (12, Z, Y, X) in [0, 1], the best match of a place being 1.

    Args:
        distance: of the neighbours from the voxel, in voxels.
        radius: of the patches, in voxels.
    Differs from the paper: box patches; V kept within 1/1000 to 1000 times its mean over the image, so that
    even regions give no noise of infinite weight.
    """
    shape = image.shape
    padded = functional.pad(image[None, None], (distance,) * 6, mode="replicate")[0, 0]

    def shifted(offset: tuple[int, int, int]) -> Tensor:
        z, y, x = (distance * (1 + o) for o in offset)
        return padded[z : z + shape[0], y : y + shape[1], x : x + shape[2]]

    views = {n: shifted(n) for n in _NEIGHBOURS}
    distances = torch.stack([smoothed((views[a] - views[b]).square(), radius) for a, b in _PAIRS])
    distances = distances - distances.amin(0)
    spread = distances.mean(0)
    # Kept as tensors: a number would make a GPU wait for its own result.
    mean = spread.mean()
    spread = spread.clamp((mean * 1e-3).clamp(min=1e-6), (mean * 1e3).clamp(min=1e-6))
    return torch.exp(-distances / spread)


def smoothed(values: Tensor, radius: int) -> Tensor:
    """Box mean of (..., Z, Y, X) over 2 radius + 1 voxels an axis; borders repeat."""
    for axis in (-1, -2, -3):
        # Sums of slices: several times as fast on a CPU as pooling with a small kernel.
        size = values.shape[axis]
        index = torch.arange(-radius, size + radius, device=values.device).clamp(0, size - 1)
        wide = values.index_select(axis, index)
        values = sum(
            (wide.narrow(axis, k, size) for k in range(1, 2 * radius + 1)), wide.narrow(axis, 0, size)
        )
        values = values / (2 * radius + 1)
    return values
