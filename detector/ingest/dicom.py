"""One acquisition of DICOM slices as a canonical volume in HU."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detector.ingest.canonical import Floats, check_spread, clipped_hu, hashed_uid, to_lps
from detector.ingest.dicom_grid import StackGrid, stack_grid
from detector.ingest.dicom_header import SliceHeader
from detector.ingest.dicom_pixels import each_slice, slice_digest
from detector.ingest.upright import resample
from detector.volume import AIR_HU, Volume


def read_stack(stack: Sequence[SliceHeader]) -> Volume:
    """Reads the slices of one acquisition to int16 HU (Z, Y, X), LPS, identity direction.

    Rescale slope and intercept are taken slice by slice; padding becomes -1024. Slices that are tilted, or
    of two distances, are brought onto an upright even grid by linear interpolation (stack_grid says so in
    its note). The frame of reference is a hash of the original.

    Raises:
        ReadError: the codes of stack_grid, and damaged, truncated, no_pixels, undecodable, no_rescale,
            not_finite, mask, not_hounsfield.
    """
    grid = stack_grid(stack)
    first = grid.slices[0]
    array = np.empty((len(grid.slices), first.rows, first.columns), dtype=np.int16)
    for k, values in enumerate(each_slice(grid.slices)):
        array[k] = clipped_hu(values)
    check_spread(array)
    return _placed(array, grid, hashed_uid(first.frame_of_reference), AIR_HU)


def read_mask_stack(stack: Sequence[SliceHeader]) -> Volume:
    """Reads a mask to uint8 0/1 (Z, Y, X), LPS: every value above 0 is inside. A tilted one takes the
    nearest voxel.

    Raises:
        ReadError: the codes of read_stack but for mask and not_hounsfield.
    """
    grid = stack_grid(stack)
    inside = np.stack([values > 0 for values in each_slice(grid.slices)]).astype(np.uint8)
    return _placed(inside, grid, "", None)


def stack_digest(stack: Sequence[SliceHeader]) -> str:
    """SHA-256 of the acquisition's pixels and places, whatever the files are called or ordered."""
    return hashlib.sha256(b"".join(sorted(slice_digest(s) for s in stack))).hexdigest()


def _placed(array: np.ndarray, grid: StackGrid, frame_of_reference: str, outside: int | None) -> Volume:
    """The slices on the canonical grid; `outside` None for a mask, which is never interpolated."""
    nearest = outside is None
    if grid.places_mm is not None:
        array = _evened(array, grid, grid.places_mm, nearest=nearest)
    if not grid.tilt:
        lengths = np.linalg.norm(grid.steps, axis=0)
        return to_lps(
            array,
            direction=grid.steps / lengths,
            origin_xyz_mm=grid.origin,
            spacing_ijk_mm=lengths,
            frame_of_reference_uid=frame_of_reference,
        )
    target = grid.geometry()
    upright = resample(array, grid.steps, grid.origin, target, outside=outside or 0, nearest=nearest)
    return Volume(upright, replace(target, frame_of_reference_uid=frame_of_reference))


def _evened(array: np.ndarray, grid: StackGrid, places_mm: Floats, *, nearest: bool) -> np.ndarray:
    """Slices at uneven places brought to the even ones of the grid, between the two that lie beside each."""
    step = float(np.linalg.norm(grid.steps[:, 2]))
    where = np.interp(np.arange(grid.shape_kji[0]) * step, places_mm, np.arange(len(array)))
    out = np.empty(grid.shape_kji, dtype=array.dtype)
    for k, place in enumerate(where):
        low = min(int(place), len(array) - 2)
        part = np.float32(place - low)
        if nearest or part in (0, 1):
            out[k] = array[low + round(float(part))]
        else:
            out[k] = np.rint(array[low] * (1 - part) + array[low + 1] * part)
    return out
