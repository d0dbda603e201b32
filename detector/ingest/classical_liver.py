"""A liver without learning: the largest even organ on the patient's right, closed so that tumours in it stay.

Good enough to crop around, not to measure.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from detector.volume import Volume

WORK_MM = 3.0
VOLUME_ML = (400.0, 5000.0)
_SOFT_HU = (20.0, 220.0)
_TUMOUR_HU = 15.0
_SKIN_MM = 12.0

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


def classical_liver(reference: Volume) -> npt.NDArray[np.uint8] | None:
    """Liver mask (Z, Y, X) uint8 on the grid of `reference` (int16 HU, portal venous or arterial); None where
    no region of a liver's size is found."""
    spacing = np.array(reference.geometry.spacing_xyz_mm[::-1])
    steps = np.maximum(1, np.rint(WORK_MM / spacing).astype(int))
    coarse = np.asarray(reference.array_zyx[:: steps[0], :: steps[1], :: steps[2]], dtype=np.float32)
    found = _coarse_liver(coarse, spacing * steps)
    if found is None:
        return None
    nearest = [
        np.minimum(np.arange(n) // step, m - 1)
        for n, step, m in zip(reference.geometry.shape_zyx, steps, coarse.shape, strict=True)
    ]
    return found[np.ix_(*nearest)].astype(np.uint8)


def body_of(hu: Floats) -> Bools:
    """The body (Z, Y, X) of a coarse CT in HU, lungs and bowel gas included: the largest thing that is denser
    than fat, filled slice by slice. All False where there is nothing."""
    inside = ndimage.binary_opening(hu > -250, np.ones((1, 3, 3)))
    inside = _largest(inside)
    return np.stack([ndimage.binary_fill_holes(s) for s in inside])


def _largest(mask: Bools) -> Bools:
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    return np.asarray(labels == 1 + np.argmax(np.bincount(labels.ravel())[1:]))


def _erode(mask: Bools, radius_mm: float, spacing: npt.NDArray[np.float64]) -> Bools:
    # Beyond the first and last slice the organ goes on: only in-plane and inner borders are eroded.
    padded = np.pad(mask, ((1, 1), (0, 0), (0, 0)), mode="edge")
    return np.asarray(ndimage.distance_transform_edt(padded, sampling=spacing)[1:-1] > radius_mm)


def _dilate(mask: Bools, radius_mm: float, spacing: npt.NDArray[np.float64]) -> Bools:
    if not mask.any():
        return mask
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing) <= radius_mm)


def _coarse_liver(hu: Floats, spacing: npt.NDArray[np.float64]) -> Bools | None:
    smooth = ndimage.gaussian_filter(hu, 2.5 / spacing)
    body = body_of(hu)
    if not body.any():
        return None
    level = _liver_level(smooth, body, spacing)
    if level is None:
        return None
    low, high = level
    inner = _erode(body, _SKIN_MM, spacing)
    organ = (smooth > low) & (smooth < high) & inner
    core = _right_core(_erode(organ, 6.0, spacing), body)
    if core is None:
        return None
    # A large tumour is mostly darker than the parenchyma: what is dark, thick and lies close to it is added.
    thick = _erode((smooth > _TUMOUR_HU) & (smooth < (low + high) / 2) & inner, 9.0, spacing)
    core |= _touching(thick, _dilate(core, 18.0, spacing))
    grown = _dilate(core, 12.0, spacing) & (smooth > _TUMOUR_HU) & (smooth < high + 20) & inner
    closed = _erode(_dilate(grown, 9.0, spacing), 9.0, spacing) & body & (smooth > -20)
    whole = np.stack([ndimage.binary_fill_holes(s) for s in closed])
    millilitres = float(whole.sum()) * float(np.prod(spacing)) / 1000
    return whole if VOLUME_ML[0] <= millilitres <= VOLUME_ML[1] else None


def _touching(mask: Bools, seed: Bools) -> Bools:
    """The components of `mask` that share a voxel with `seed`."""
    labels, count = ndimage.label(mask)
    hit = np.zeros(count + 1, dtype=bool)
    hit[np.unique(labels[seed])] = True
    hit[0] = False
    return hit[labels]


def _liver_level(smooth: Floats, body: Bools, spacing: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """HU range around the mode of even soft tissue deep in the patient's right (low x in LPS)."""
    columns = np.flatnonzero(body.any(axis=(0, 1)))
    middle = (columns[0] + columns[-1]) // 2
    deep = _erode(body, 25.0, spacing) & (smooth > _SOFT_HU[0]) & (smooth < _SOFT_HU[1])
    deep[:, :, middle:] = False
    size = np.maximum(3, np.rint(9.0 / spacing).astype(int) | 1)
    mean = ndimage.uniform_filter(smooth, size)
    spread = np.sqrt(np.maximum(ndimage.uniform_filter(smooth**2, size) - mean**2, 0))
    even = deep & (spread < 12)
    if even.sum() * np.prod(spacing) < 50_000:
        return None
    counts, edges = np.histogram(smooth[even], bins=np.arange(_SOFT_HU[0], _SOFT_HU[1] + 4, 4))
    soft = ndimage.gaussian_filter1d(counts.astype(float), 1.5)
    mode = float(edges[int(np.argmax(soft))] + 2)
    near = smooth[even & (np.abs(smooth - mode) < 25)]
    width = float(np.clip(2.5 * near.std(), 20, 40))
    return mode - width, mode + width


def _right_core(core: Bools, body: Bools) -> Bools | None:
    """The component with the most voxels on the patient's right."""
    labels, count = ndimage.label(core)
    if count == 0:
        return None
    columns = np.flatnonzero(body.any(axis=(0, 1)))
    right = labels[:, :, : (columns[0] + columns[-1]) // 2]
    sizes = np.bincount(right.ravel(), minlength=count + 1)[1:]
    return np.asarray(labels == 1 + np.argmax(sizes)) if sizes.max() > 0 else None
