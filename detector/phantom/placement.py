"""Where lesions and baits go in the liver, and what shape they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from detector.phantom.enhancement import Haemodynamics
from detector.phantom.layers import Array, Grid, Layer, Point, Window, smooth_field, weight_of
from detector.phantom.lesions import PATTERNS, LesionShape, Surroundings
from detector.phantom.liver import Liver
from detector.phantom.regions import Regions, paint

MIN_DIAMETER_MM = 8.0


@dataclass(frozen=True)
class Spot:
    """A place kept free: nothing else may come within `reach_mm` of its centre."""

    centre: Point
    reach_mm: float


@dataclass(frozen=True)
class Blob:
    """A painted thing with its own outline: `weight` >= 0.5 is what its label and box hold. `numbers` are
    what a lesion of phantom.regions was painted by."""

    kind: str
    layer: Layer
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def window(self) -> Window:
        return self.layer.window

    @property
    def weight(self) -> Array:
        return self.layer.weight


def find_spot(
    grid: Grid,
    liver: Liver,
    diameter_mm: float,
    longest: float,
    levels: tuple[float, float],
    taken: Sequence[Spot],
    rng: np.random.Generator,
    *,
    smallest_mm: float = MIN_DIAMETER_MM,
) -> tuple[Point, float] | None:
    """A centre deep enough in the liver for a thing of this diameter, and the diameter that fits there.

    `longest` is its longest axis over its diameter; `levels` the z in mm that the images show. The diameter
    shrinks until it fits; None where not even the smallest does.
    """
    z, y, x = liver.window
    zs, ys, xs = grid.z[z], grid.y[y], grid.x[x]
    while diameter_mm >= smallest_mm:
        reach = diameter_mm / 2 * longest
        free = liver.distance <= -0.85 * reach
        free[(zs < levels[0] + reach) | (zs > levels[1] - reach)] = False
        for spot in taken:
            gap = np.float32((spot.reach_mm + reach + 4) ** 2)
            away = (
                (zs[:, None, None] - spot.centre[2]) ** 2
                + (ys[None, :, None] - spot.centre[1]) ** 2
                + (xs[None, None, :] - spot.centre[0]) ** 2
            )
            free &= away > gap
        choices = np.flatnonzero(free)
        if choices.size:
            k, j, i = np.unravel_index(choices[int(rng.integers(choices.size))], free.shape)
            return (float(xs[i]), float(ys[j]), float(zs[k])), diameter_mm
        diameter_mm *= 0.88
    return None


def lesion(
    grid: Grid,
    centre: Point,
    diameter_mm: float,
    elongation: float,
    roughness: float,
    subtype: str,
    around: Surroundings,
    rng: np.random.Generator,
    regions: Regions | None = None,
) -> Blob:
    """A rotated, lobulated ellipsoid of the given mean diameter, enhancing in its subtype's pattern, or as
    its `regions` say."""
    radius = diameter_mm / 2
    axes = radius * np.array([elongation ** (2 / 3), elongation ** (-1 / 3), elongation ** (-1 / 3)])
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    reach = float(axes.max()) * (1 + 2.5 * roughness) + 2 * grid.pixel_mm
    window = grid.around(centre, (reach, reach, reach))
    x, y, z = grid.points(window)
    px, py, pz = x - np.float32(centre[0]), y - np.float32(centre[1]), z - np.float32(centre[2])
    squared = np.zeros((), np.float32)
    for column, axis in zip(turn.T.astype(np.float32), axes.astype(np.float32), strict=True):
        squared = squared + ((px * column[0] + py * column[1] + pz * column[2]) / axis) ** 2
    # Lobules fade towards the centre, so that the middle voxel always belongs to the lesion.
    ball = np.sqrt(squared)
    lobules = smooth_field(px, py, pz, 0.75 * diameter_mm, rng)
    r = ball + np.float32(roughness) * np.clip(lobules, -2, 2) * np.minimum(ball, 1)
    depth = (1 - r) * np.float32(radius)
    weight = weight_of(-depth, grid.pixel_mm)
    if regions is not None:
        painted = paint(regions, r, (px, py, pz), around, rng)
        return Blob(subtype, Layer(window, weight, painted), regions.numbers())
    texture = np.clip(smooth_field(px, py, pz, max(diameter_mm / 3, 5.0), rng), -2.2, 2.2)
    hu = PATTERNS[subtype](LesionShape(depth, r, texture, diameter_mm), around)
    return Blob(subtype, Layer(window, weight, hu))


def cyst(
    grid: Grid, centre: Point, diameter_mm: float, blood: Haemodynamics, rng: np.random.Generator
) -> Blob:
    """Water with a sharp edge that takes no contrast medium."""
    shape = _ball(grid, centre, diameter_mm, rng)
    return Blob("cyst", Layer(*shape, blood.constant(float(rng.uniform(2, 14)))))


def arterial_blush(
    grid: Grid,
    liver: Liver,
    centre: Point,
    diameter_mm: float,
    blood: Haemodynamics,
    rng: np.random.Generator,
) -> Blob:
    """Liver that is brighter in the arterial phase alone: a matter of perfusion, not a lesion."""
    window, weight = _ball_in_liver(grid, liver, centre, diameter_mm, rng)
    hu: dict[str, float | Array] = dict(blood.hu("liver"))
    hu["arterial"] = hu["arterial"] + float(rng.uniform(16, 26))
    return Blob("arterial_blush", Layer(window, weight, hu))


def fat(
    grid: Grid,
    liver: Liver,
    centre: Point,
    diameter_mm: float,
    blood: Haemodynamics,
    rng: np.random.Generator,
) -> Blob:
    """Liver with more or less fat than the rest: darker or brighter by the same in every phase, its edge
    soft, its vessels undisturbed in a real one."""
    window, weight = _ball_in_liver(grid, liver, centre, diameter_mm, rng)
    spared = rng.random() < 0.5
    offset = float(rng.uniform(10, 22)) * (1 if spared else -1)
    hu = {phase: value + offset for phase, value in blood.hu("liver").items()}
    return Blob("fat_sparing" if spared else "focal_fat", Layer(window, weight, hu))


def _ball_in_liver(
    grid: Grid, liver: Liver, centre: Point, diameter_mm: float, rng: np.random.Generator
) -> tuple[Window, Array]:
    window, weight = _ball(grid, centre, diameter_mm, rng)
    inside = np.zeros(grid.shape, np.float32)
    inside[liver.window] = liver.weight
    return window, weight * inside[window]


def _ball(grid: Grid, centre: Point, diameter_mm: float, rng: np.random.Generator) -> tuple[Window, Array]:
    radius = diameter_mm / 2
    reach = radius * 1.3 + 2 * grid.pixel_mm
    window = grid.around(centre, (reach, reach, reach))
    x, y, z = grid.points(window)
    px, py, pz = x - np.float32(centre[0]), y - np.float32(centre[1]), z - np.float32(centre[2])
    away = np.sqrt(px**2 + py**2 + pz**2)
    dents = np.float32(0.05) * smooth_field(px, py, pz, diameter_mm, rng) * np.minimum(away, radius)
    return window, weight_of(away + dents - np.float32(radius), grid.pixel_mm)
