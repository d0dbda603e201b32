"""From what a network takes for liver to an outline that follows the image: the learned edge is too smooth.

Constants are in mm and HU, so that they hold on cubes of any size.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from detector.liver.body import AIR

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

_CORE_MM = 8.0  # this deep the network is believed, whatever the HU, unless it is fat, air or bone
_REACH_MM = 10.0  # how far from it the outline may be moved outwards
_SKIN_MM = 12.0
_THIN_MM = 6.0  # what is thinner leaks along the wall or a vessel
_GAP_MM = 8.0
_TISSUE_HU = (-20.0, 300.0)
_SPREADS = 2.0
_WIDTH_HU = (15.0, 35.0)
_BRIGHTER_HU = 90.0


def refined(liver: Bools, hu: Floats, spacing_mm: float) -> Bools:
    """The liver (Z, Y, X) grown into what has its HU around it, without the fat and air it took; unchanged
    where too little of it is soft tissue to tell its HU by.

    Args:
        liver: one piece, on cubes of `spacing_mm`.
        hu: on the same cubes, air around the body.
    """
    smooth = ndimage.gaussian_filter(np.clip(hu, -200, 400), 0.6)
    soft = (smooth > _TISSUE_HU[0]) & (smooth < _TISSUE_HU[1])
    core = _eroded(liver, _CORE_MM, spacing_mm) & soft
    if core.sum() * spacing_mm**3 < 12_000:
        return liver
    mode, width = _level(smooth[core])
    inner = ndimage.distance_transform_edt(_framed(hu > AIR + 10), sampling=spacing_mm)
    near = _dilated(liver, _REACH_MM, spacing_mm) & (inner[:, 1:-1, 1:-1] > _SKIN_MM)
    kept = liver & (smooth > -10) & (smooth < mode + _BRIGHTER_HU)
    wide = kept | (near & (np.abs(smooth - mode) < width))
    opened = _dilated(_eroded(wide, _THIN_MM, spacing_mm), _THIN_MM + 1, spacing_mm) & wide
    whole = _largest(opened | _eroded(kept, _THIN_MM - 2, spacing_mm))
    closed = _eroded(_dilated(whole, _GAP_MM, spacing_mm), _GAP_MM, spacing_mm) & (smooth > -30)
    return np.stack([ndimage.binary_fill_holes(s) for s in closed])


def _level(values: Floats) -> tuple[float, float]:
    """The HU that most of the liver has, and how far from it counts as liver."""
    counts, edges = np.histogram(values, bins=np.arange(_TISSUE_HU[0], _TISSUE_HU[1] + 4, 4))
    mode = float(edges[int(np.argmax(ndimage.gaussian_filter1d(counts.astype(float), 1.5)))] + 2)
    near = values[np.abs(values - mode) < 30]
    return mode, float(np.clip(_SPREADS * near.std(), *_WIDTH_HU))


def _framed(mask: Bools) -> Bools:
    """With a frame of nothing in plane: the body's own cut edges are its skin."""
    return np.pad(mask, ((0, 0), (1, 1), (1, 1)))


def _eroded(mask: Bools, radius_mm: float, spacing_mm: float) -> Bools:
    # Beyond the first and last slice the organ goes on: only in-plane and inner borders are eroded.
    padded = np.pad(mask, ((1, 1), (0, 0), (0, 0)), mode="edge")
    return np.asarray(ndimage.distance_transform_edt(padded, sampling=spacing_mm)[1:-1] > radius_mm)


def _dilated(mask: Bools, radius_mm: float, spacing_mm: float) -> Bools:
    if not mask.any():
        return mask
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing_mm) <= radius_mm)


def _largest(mask: Bools) -> Bools:
    labels, count = ndimage.label(mask)
    return np.asarray(labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])) if count else mask
