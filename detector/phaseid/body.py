"""Where the body and its spine lie on a coarse CT: the frame in which the other organs are looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from detector.phaseid.coarse import Coarse, Floats

Bools = npt.NDArray[np.bool_]

_BODY_HU = -300.0
_BONE_HU = 170.0
_CENTRAL = 0.2  # half of the body's width around its middle in which the spine is looked for
_BEHIND = 0.45  # part of the body's depth, from the front, behind which it lies


@dataclass(frozen=True)
class Body:
    """`inside` (Z, Y, X); `depth_mm` in plane below the skin; the spine's place by slice, in voxels.

    `spine_x` (Z,) is the midline, `spine_y` (Z,) the middle of the bone there, about the spinal canal.
    """

    inside: Bools
    depth_mm: Floats
    spine_x: npt.NDArray[np.float64]
    spine_y: npt.NDArray[np.float64]


def find_body(coarse: Coarse, smooth: Floats) -> Body | None:
    """The body and its spine; None where no slice shows both, as in a scan of something else."""
    inside = _largest(ndimage.binary_opening(coarse.hu > _BODY_HU, np.ones((1, 3, 3))))
    if not inside.any():
        return None
    inside = _filled(inside)
    spine = _spine(inside, smooth, coarse.spacing_zyx_mm)
    if spine is None:
        return None
    # Depth is measured in plane: the body goes on above and below the scan.
    depth = np.stack([ndimage.distance_transform_edt(s, sampling=coarse.spacing_zyx_mm[1:]) for s in inside])
    return Body(inside, depth.astype(np.float32), *spine)


def _largest(mask: Bools) -> Bools:
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    return np.asarray(labels == 1 + np.argmax(np.bincount(labels.ravel())[1:]))


def _filled(mask: Bools) -> Bools:
    """The mask with what it encloses in each slice: all that is not joined to the image's border."""
    around = np.pad(~mask, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    cross = np.zeros((3, 3, 3), bool)
    cross[1] = ndimage.generate_binary_structure(2, 1)
    labels, count = ndimage.label(around, cross)
    outside = np.zeros(count + 1, bool)
    outside[np.unique(labels[:, 0, :])] = True
    outside[0] = False
    return np.asarray(~outside[labels[:, 1:-1, 1:-1]])


def _spine(
    inside: Bools, smooth: Floats, spacing: tuple[float, float, float]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    n = len(inside)
    xs, ys = np.full(n, np.nan), np.full(n, np.nan)
    for k in range(n):
        rows, columns = np.flatnonzero(inside[k].any(axis=1)), np.flatnonzero(inside[k].any(axis=0))
        if len(rows) < 20 or len(columns) < 20:
            continue
        width, middle = columns[-1] - columns[0], (columns[0] + columns[-1]) / 2
        left, right = int(middle - _CENTRAL * width), int(middle + _CENTRAL * width)
        first = int(rows[0] + _BEHIND * (rows[-1] - rows[0]))
        bone = np.argwhere((smooth[k] > _BONE_HU)[first : rows[-1], left:right])
        if len(bone) * spacing[1] * spacing[2] < 200:
            continue
        # The arch behind the canal is bone alone; in front of it a bright aorta would pull to its side.
        behind = bone[bone[:, 0] >= np.median(bone[:, 0])]
        xs[k], ys[k] = left + np.median(behind[:, 1]), first + np.median(bone[:, 0])
    known = np.flatnonzero(np.isfinite(xs))
    if len(known) < 3:
        return None
    index = np.arange(n)
    return tuple(
        ndimage.median_filter(np.interp(index, known, v[known]), size=min(7, n), mode="nearest")
        for v in (xs, ys)
    )
