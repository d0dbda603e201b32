"""The liver, its veins, and the harmless things in and beside it that look like lesions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.phantom.anatomy import Frame, cava_centre
from detector.phantom.enhancement import Haemodynamics
from detector.phantom.layers import (
    Array,
    Grid,
    Layer,
    Point,
    Window,
    capsule_weight,
    ellipse_distance,
    ellipsoid_distance,
    smooth_field,
    weight_of,
)
from detector.phantom.parameters import SLICE_MM

Segment = tuple[Point, Point, tuple[float, float]]


@dataclass(frozen=True)
class Liver:
    """`distance` (Z, Y, X) in mm on `window`: negative inside, about minus the depth below the capsule."""

    window: Window
    distance: Array
    weight: Array


def liver_shape(grid: Grid, frame: Frame, scale: float, rng: np.random.Generator) -> Liver:
    """Two lobes melted into one, pressed against the body wall, hollowed by kidney and hilum."""
    right = frame.place(-54, -2, 2), tuple(scale * s for s in frame.size(60, 70, 79))
    left = frame.place(8, -38, 24), tuple(scale * s for s in frame.size(62, 27, 38))
    reach = 12.0
    lo = tuple(
        min(c - a for c, a in zip((right[0][i], left[0][i]), (right[1][i], left[1][i]), strict=True)) - reach
        for i in range(3)
    )
    hi = tuple(
        max(c + a for c, a in zip((right[0][i], left[0][i]), (right[1][i], left[1][i]), strict=True)) + reach
        for i in range(3)
    )
    window = grid.window(lo, hi)  # type: ignore[arg-type]
    x, y, z = grid.points(window)
    lobes = [ellipsoid_distance(x, y, z, c, s) for c, s in (right, left)]  # type: ignore[arg-type]
    melt = np.float32(9)
    shape = -melt * np.logaddexp(-lobes[0] / melt, -lobes[1] / melt)
    shape += 3 * smooth_field(x, y, z, 70, rng)
    a, b = frame.cavity
    kidney, size = frame.right_kidney
    hollows = (
        -ellipsoid_distance(x, y, z, kidney, (size[0] + 3, size[1] + 3, size[2] + 3)),
        -ellipsoid_distance(x, y, z, frame.place(14, 20, -44), frame.size(40, 34, 44)),
        -ellipse_distance(x, y, (4.0, frame.cavity[1] - 26), (34, 26)),
        ellipse_distance(x, y, (0, 0), (a - 3, b - 3)),
    )
    for hollow in hollows:
        shape = np.maximum(shape, hollow)
    return Liver(window, shape, weight_of(shape, grid.pixel_mm))


def parenchyma(grid: Grid, liver: Liver, blood: Haemodynamics, rng: np.random.Generator) -> Layer:
    """Liver tissue with a faint patchiness that grows with enhancement."""
    x, y, z = grid.points(liver.window)
    patches = smooth_field(x, y, z, 24, rng)
    hu = blood.hu("liver")
    native = hu["non_contrast"]
    return Layer(
        liver.window,
        liver.weight,
        {p: v + np.float32(1.5 + 0.04 * (v - native)) * patches for p, v in hu.items()},
    )


def _branches(
    start: Point, heading: Point, length: float, radius: float, depth: int, rng: np.random.Generator
) -> list[Segment]:
    """A tree of tapering tubes: each bends a little and ends in two thinner ones."""
    axis = np.asarray(heading) / np.linalg.norm(heading)
    bend = rng.normal(scale=0.18, size=3)
    middle = np.asarray(start) + axis * length / 2
    end = middle + (axis + bend) / np.linalg.norm(axis + bend) * length / 2
    segments: list[Segment] = [
        (start, tuple(middle), (radius, 0.92 * radius)),
        (tuple(middle), tuple(end), (0.92 * radius, 0.82 * radius)),
    ]
    if depth:
        aside = np.cross(axis, rng.normal(size=3))
        aside /= np.linalg.norm(aside)
        for sign in (-1, 1):
            turn = tuple(axis + sign * rng.uniform(0.45, 0.85) * aside)
            segments += _branches(
                tuple(end),
                turn,
                length * rng.uniform(0.65, 0.85),
                0.72 * radius,
                depth - 1,
                rng,
            )
    return segments


def vessel_layers(
    grid: Grid, frame: Frame, liver: Liver, blood: Haemodynamics, rng: np.random.Generator
) -> tuple[list[Layer], Layer]:
    """Hepatic veins, portal veins with their arteries; and, apart, the portal fork: a bait."""
    fork = frame.place(-20, 0, -6)
    portal: list[Segment] = []
    for heading, length in (((-1, 0.5, -0.35), 34), ((-1, -0.5, 0.35), 36), ((0.6, -1, 0.7), 34)):
        portal += _branches(fork, heading, length, 5.0, 3, rng)
    hepatic: list[Segment] = []
    x, y = cava_centre(frame)
    mouth = (x, y, 44 * frame.squash)
    for heading in ((-1, -0.1, -0.45), (-0.55, -1, -0.4), (0.5, -1, -0.1)):
        hepatic += _branches(mouth, heading, 40, 5.2, 2, rng)
    # The hepatic artery runs beside the portal vein, a third as wide.
    artery = [(_beside(a), _beside(b), (r / 3, s / 3)) for a, b, (r, s) in portal[:9]]
    layers = [
        _tubes(grid, liver, hepatic, blood.hu("hepatic_vein")),
        _tubes(grid, liver, portal, blood.hu("portal_vein")),
        _tubes(grid, liver, artery, blood.hu("artery")),
    ]
    trunk_start = frame.place(4, 10, -36)
    window = grid.window(
        tuple(min(a, b) - 10 for a, b in zip(trunk_start, fork, strict=True)),  # type: ignore[arg-type]
        tuple(max(a, b) + 10 for a, b in zip(trunk_start, fork, strict=True)),  # type: ignore[arg-type]
    )
    trunk = capsule_weight(grid, window, trunk_start, fork, (6.5, 6.5), SLICE_MM)
    layer = Layer(window, trunk, blood.hu("portal_vein"))
    return [*layers, layer], layer


def _beside(point: Point) -> Point:
    return (point[0] + 3.5, point[1] - 4.5, point[2])


def _tubes(grid: Grid, liver: Liver, segments: list[Segment], hu: dict[str, float]) -> Layer:
    """All tubes of a tree as one layer, cut off at the capsule."""
    total = np.zeros(grid.shape, np.float32)
    for start, end, radius in segments:
        reach = max(radius) + 2 * grid.pixel_mm
        window = grid.window(
            (min(start[0], end[0]) - reach, min(start[1], end[1]) - reach, min(start[2], end[2]) - reach),
            (max(start[0], end[0]) + reach, max(start[1], end[1]) + reach, max(start[2], end[2]) + reach),
        )
        part = total[window]
        if part.size:
            np.maximum(part, capsule_weight(grid, window, start, end, radius, SLICE_MM), out=part)
    return Layer(liver.window, total[liver.window] * liver.weight, hu)
