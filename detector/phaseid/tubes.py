"""The great vessels: round, even structures that run along the spine, whatever their brightness.

Scored by evenness inside and an edge all round, darker or brighter (fat, lung, bone), so that the aorta is
found before contrast medium as well as at its peak; then followed through the slices by dynamic programming.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.phaseid.body import Body
from detector.phaseid.coarse import Floats

_ANGLES = 16
_EDGE_HU = 45.0
_EVEN_HU = 18.0
_BONE_SHARE = 0.3  # of the circumference may border on something brighter: marrow has cortex all round
_BLOOD_HU = (15.0, 700.0)
_STEP_COST = 0.04  # score lost by each mm that the centre moves from slice to slice
_REACH_MM = 8.0  # the most it moves


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vessel's centre is expected: mm left of the midline and in front of the spine's middle."""

    left_mm: float
    front_mm: float
    spread_mm: float
    radii_mm: tuple[float, ...]


AORTA = Place(left_mm=10, front_mm=36, spread_mm=16, radii_mm=(8.0, 11.0, 14.0))
CAVA = Place(left_mm=-20, front_mm=42, spread_mm=12, radii_mm=(8.0, 11.0))


@dataclass(frozen=True, slots=True)
class Tube:
    """A vessel by slice: centre (y, x) in voxels, HU, and how round and even it is, in [0, 1]."""

    centre_yx: npt.NDArray[np.float64]
    hu: npt.NDArray[np.float64]
    score: npt.NDArray[np.float64]


def find_tube(smooth: Floats, spacing: tuple[float, float, float], body: Body, place: Place) -> Tube:
    """Follows the best tube near `place` through all slices of (Z, Y, X) HU."""
    half = int(np.ceil(2.2 * place.spread_mm / spacing[1]))
    rows, columns = _window(spacing, body, place, half)
    score, level = _scores(smooth, spacing, rows, columns, place)
    offset = (np.arange(-half, half + 1) * spacing[1]) ** 2
    prior = np.exp(-(offset[:, None] + offset[None, :]) / (2 * place.spread_mm**2))
    score = score * prior
    path = _follow(score, spacing[1])
    index = np.arange(len(path))
    centre = np.stack([rows[index, path[:, 0]], columns[index, path[:, 1]]], axis=1).astype(float)
    at = (index, path[:, 0], path[:, 1])
    return Tube(centre, level[at].astype(float), score[at].astype(float))


def _window(
    spacing: tuple[float, float, float], body: Body, place: Place, half: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    y = np.rint(body.spine_y - place.front_mm / spacing[1]).astype(int)
    x = np.rint(body.spine_x + place.left_mm / spacing[2]).astype(int)
    steps = np.arange(-half, half + 1)
    return y[:, None] + steps, x[:, None] + steps


def _scores(
    smooth: Floats,
    spacing: tuple[float, float, float],
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    place: Place,
) -> tuple[Floats, Floats]:
    """Best score over the radii, and the mean HU inside, for each centre of the window (Z, H, W)."""
    best = np.full((*rows.shape, columns.shape[1]), -1.0, np.float32)
    level = np.zeros_like(best)
    for radius in place.radii_mm:
        inner = [_shifted(smooth, spacing, rows, columns, radius * f, a) for f, a in _inner()]
        mean = np.mean(inner, axis=0)
        even = np.exp(-((np.std(inner, axis=0) / _EVEN_HU) ** 2))
        darker, brighter = np.zeros_like(best), np.zeros_like(best)
        for angle in np.arange(_ANGLES) * 2 * np.pi / _ANGLES:
            rise = _shifted(smooth, spacing, rows, columns, radius + 4.5, angle) - mean
            darker += np.clip(-rise / _EDGE_HU, 0, 1) / _ANGLES
            brighter += np.clip(rise / _EDGE_HU, 0, 1) / _ANGLES
        edge = darker + np.minimum(brighter, _BONE_SHARE)
        blood = (mean > _BLOOD_HU[0]) & (mean < _BLOOD_HU[1])
        score = np.where(blood, even * edge, 0)
        better = score > best
        best[better], level[better] = score[better], mean[better]
    return best, level


def _inner() -> list[tuple[float, float]]:
    rings = ((0.35, 4), (0.62, 8))
    return [(0.0, 0.0)] + [(f, k * 2 * np.pi / n) for f, n in rings for k in range(n)]


def _shifted(
    smooth: Floats,
    spacing: tuple[float, float, float],
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    radius_mm: float,
    angle: float,
) -> Floats:
    y = np.clip(rows + round(radius_mm * np.sin(angle) / spacing[1]), 0, smooth.shape[1] - 1)
    x = np.clip(columns + round(radius_mm * np.cos(angle) / spacing[2]), 0, smooth.shape[2] - 1)
    return smooth[np.arange(len(smooth))[:, None, None], y[:, :, None], x[:, None, :]]


def _follow(score: Floats, pixel_mm: float) -> npt.NDArray[np.int64]:
    """The path (Z, 2) through the windows with the greatest sum of scores less the cost of its steps."""
    n, height, width = score.shape
    reach = max(1, int(_REACH_MM / pixel_mm))
    moves = [(a, b) for a in range(-reach, reach + 1) for b in range(-reach, reach + 1)]
    total = score[0].astype(float)
    came = np.zeros((n, height, width), np.int64)
    for k in range(1, n):
        padded = np.pad(total, reach, constant_values=-np.inf)
        options = np.stack(
            [
                padded[reach + a : reach + a + height, reach + b : reach + b + width]
                - _STEP_COST * pixel_mm * np.hypot(a, b)
                for a, b in moves
            ]
        )
        came[k] = np.argmax(options, axis=0)
        total = options.max(axis=0) + score[k]
    path = np.zeros((n, 2), np.int64)
    path[-1] = np.unravel_index(int(np.argmax(total)), total.shape)
    for k in range(n - 1, 0, -1):
        a, b = moves[came[k][tuple(path[k])]]
        path[k - 1] = path[k] + (a, b)
    return path
