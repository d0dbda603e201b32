"""Text burned into the pixels of a CT: a name in the corner survives every cleaning of headers.

Writing differs from anatomy in three ways that need no training: many of its pixels share exactly one
bright value, where tissue is noisy; it falls into small separate shapes of about one height; and those stand
in a row. Found from the pixels alone, because the header's own statement is often absent or wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from detector.volume import Volume

# Bone and contrast medium begin here; writing is brighter than soft tissue to be legible on it.
_MIN_HU = 200
_VALUES = 3  # how many of a slice's commonest bright values are looked at
_MIN_PIXELS = 40
_BESIDE, _TIMES = 21, 4
_MIN_GLYPHS = 5
_HEIGHT_PX = (5, 48)
_GROUND_PX, _NEAR_PX = 9, 25
_EIGHT = np.ones((3, 3), dtype=int)


def slices_with_text(volume: Volume) -> list[int]:
    """The slices (from 0, ascending) on which there seems to be writing; a person must look at them.

    Args:
        volume: int16 HU (Z, Y, X), as read, not resampled: resampling blurs the one value of the writing.
    """
    return [z for z, plane in enumerate(volume.array_zyx) if _has_text(np.asarray(plane))]


def _has_text(plane: npt.NDArray[np.int16]) -> bool:
    bright = plane[plane >= _MIN_HU]
    if bright.size < _MIN_PIXELS:
        return False
    for value in _spikes(np.bincount(bright.astype(np.int64) - _MIN_HU)):
        ink = _ink(plane, value + _MIN_HU)
        # Along the rows or, where the image lies on its side, the columns.
        if _lines_up(_glyphs(ink)) or _lines_up(_glyphs(ink.T)):
            return True
    return False


def _spikes(counts: npt.NDArray[np.int64]) -> list[int]:
    """The commonest values that are far commoner than the values beside them, as none is in noise."""
    around = ndimage.median_filter(counts, _BESIDE, mode="constant")
    spikes = np.flatnonzero((counts >= _MIN_PIXELS) & (counts >= _TIMES * around))
    return [int(v) for v in spikes[np.argsort(-counts[spikes])][:_VALUES]]


def _ink(plane: npt.NDArray[np.int16], value: int) -> npt.NDArray[np.bool_]:
    """Pixels near those of the value that are brighter than half way to it from what they lie on: smooth
    edges, and letters so thin that none of their pixels has the value itself."""
    ground = ndimage.minimum_filter(plane, _GROUND_PX).astype(np.int32)
    near = ndimage.maximum_filter(plane == value, _NEAR_PX)
    return near & (2 * plane.astype(np.int32) >= value + ground)


def _glyphs(ink: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Shapes that could be letters, one row each: top, bottom, left, right (px, half-open)."""
    labels, _ = ndimage.label(ink, _EIGHT)
    found: list[tuple[int, int, int, int]] = []
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        rows, columns = place
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if not _HEIGHT_PX[0] <= height <= _HEIGHT_PX[1] or width > 1.6 * height:
            continue
        filled = float((labels[place] == number).mean())
        # A letter is neither a speck of noise nor, but for I and l, a filled block.
        if 0.12 <= filled <= 0.85 or width <= height / 3:
            found.append((rows.start, rows.stop, columns.start, columns.stop))
    return np.array(found, dtype=float).reshape(-1, 4)


def _lines_up(glyphs: npt.NDArray[np.float64]) -> bool:
    for top, bottom, *_ in glyphs:
        height = bottom - top
        heights = glyphs[:, 1] - glyphs[:, 0]
        alike = (heights > 0.6 * height) & (heights < 1.6 * height)
        level = (np.abs(glyphs[:, 0] - top) < 0.35 * height) | (np.abs(glyphs[:, 1] - bottom) < 0.35 * height)
        row: npt.NDArray[Any] = glyphs[alike & level]
        if len(row) < _MIN_GLYPHS:
            continue
        row = row[np.argsort(row[:, 2])]
        close = (row[1:, 2] - row[:-1, 3]) < 1.5 * height
        if _longest_run(close) + 1 >= _MIN_GLYPHS:
            return True
    return False


def _longest_run(values: npt.NDArray[np.bool_]) -> int:
    longest = run = 0
    for value in values:
        run = run + 1 if value else 0
        longest = max(longest, run)
    return longest
