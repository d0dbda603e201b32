"""Bodies that keep to no textbook: organs in any HU, and lumps of anything between them.

For what must carry over to real scans: whoever learns from these cannot tell the liver by its HU alone, nor
by its being the one large even thing in the body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from detector.phantom.anatomy import Frame
from detector.phantom.enhancement import Haemodynamics
from detector.phantom.layers import Array, Grid, Layer, ellipse_distance, ellipsoid_distance, weight_of

_SOFT_HU = (-20.0, 260.0)
_ORGAN_SD_HU = 14.0
_REPLACED = 0.12  # share of organs filled with something else: contrast drunk, fat, fluid
_LUMPS = (5, 16)
_LUMP_AXES_MM = (9.0, 46.0)


def strayed(
    layers: Sequence[Layer], grid: Grid, frame: Frame, blood: Haemodynamics, rng: np.random.Generator
) -> list[Layer]:
    """The layers painted before the liver, each in HU of its own, and random lumps inside the body wall.

    The liver is painted over them, so its truth stays what it is.
    """
    lumps = [_lump(grid, frame, blood, rng) for _ in range(int(rng.integers(*_LUMPS)))]
    return [*(_recoloured(layer, grid, rng) for layer in layers), *lumps]


def _recoloured(layer: Layer, grid: Grid, rng: np.random.Generator) -> Layer:
    offset, other = np.float32(rng.normal(0, _ORGAN_SD_HU)), float(rng.uniform(-110, 320))
    replaced = rng.random() < _REPLACED
    mean = float(np.mean([np.mean(v) for v in layer.hu.values()]))
    if not _SOFT_HU[0] < mean < _SOFT_HU[1]:
        return layer
    through = layer.window[0] == grid.whole[0]  # wall, spine and vessels run through every slice
    if replaced and not through:
        return Layer(layer.window, layer.weight, dict.fromkeys(layer.hu, other))
    return Layer(layer.window, layer.weight, _warmer(layer.hu, offset))


def _warmer(hu: Mapping[str, float | Array], offset: np.float32) -> dict[str, float | Array]:
    return {phase: cast("float | Array", v + offset) for phase, v in hu.items()}


def _lump(grid: Grid, frame: Frame, blood: Haemodynamics, rng: np.random.Generator) -> Layer:
    """An ellipsoid anywhere in the cavity: half of them in the liver's HU, or nearly."""
    centre = frame.place(rng.uniform(-105, 110), rng.uniform(-72, 66), rng.uniform(-140, 115))
    axes = tuple(float(a) for a in rng.uniform(*_LUMP_AXES_MM, size=3))
    window = grid.around(centre, axes)  # type: ignore[arg-type]
    x, y, z = grid.points(window)
    a, b = frame.cavity
    inside = ellipsoid_distance(x, y, z, centre, axes)  # type: ignore[arg-type]
    weight = weight_of(np.maximum(inside, ellipse_distance(x, y, (0, 0), (a - 2, b - 2))), grid.pixel_mm)
    like = rng.random()
    if like < 0.7:
        tissue, sd = ("liver", 14.0) if like < 0.5 else ("spleen", 20.0)
        return Layer(window, weight, _warmer(blood.hu(tissue), np.float32(rng.normal(0, sd))))
    choices = (rng.uniform(-20, 60), -95.0, -880.0, rng.uniform(150, 400))
    return Layer(window, weight, blood.constant(float(choices[int(rng.integers(len(choices)))])))
