"""Lesions as numbers: what a rim and a core differ from the liver by, and of what texture they are.

Where the textbook patterns (phantom.lesions) draw each class as itself, here the classes overlap in every
single number, the more so the greater the difficulty, and only together do they tell one class from another:
dynamics and texture more than shape. Whoever knows the numbers can still tell the class, so a hard phantom
hides nothing; noise, partial volume, few pixels and phases that lie beside each other do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.phantom.layers import Array, ramp, smooth_field
from detector.phantom.lesions import Surroundings
from detector.phantom.parameters import PHASES

SECONDS = (0.0, 37.0, 70.0, 190.0)  # of the four numbers of a curve: native, arterial, portal, delayed
_SPREAD_HU = 3.5
_SPREAD_TEXTURE = (1.0, 0.7, 0.06, 0.03)


@dataclass(frozen=True, slots=True)
class Regions:
    """One lesion's numbers.

    `rim` and `core` are differences to the liver in HU at SECONDS, before the study's contrast; the rim
    begins at `front` of the radius. The texture has a standard deviation of `texture_hu` and a wavelength of
    `texture_mm`; `cords` of it are thin bright strands, the rest soft blobs.
    """

    rim: tuple[float, float, float, float]
    core: tuple[float, float, float, float]
    texture_hu: float
    texture_mm: float
    cords: float
    front: float

    def numbers(self) -> dict[str, float]:
        """All of them by name: "rim_arterial", ..., "texture_hu", "texture_mm", "cords", "front"."""
        curves = {"rim": self.rim, "core": self.core}
        told = {f"{name}_{p}": hu for name, c in curves.items() for p, hu in zip(PHASES, c, strict=True)}
        texture = {"texture_hu": self.texture_hu, "texture_mm": self.texture_mm}
        return {**told, **texture, "cords": self.cords, "front": self.front}


def _typical(*numbers: float) -> npt.NDArray[np.float64]:
    return np.array(numbers)


# rim and core at SECONDS, texture_hu, texture_mm, cords, front.
TYPICAL: Mapping[str, npt.NDArray[np.float64]] = {
    "hcc": _typical(-6, 26, -10, -24, -8, 32, -16, -28, 13, 9, 0.2, 0.80),
    "icc": _typical(-8, 24, 8, -8, -14, -20, -22, 14, 8, 6, 0.75, 0.76),
    "metastasis": _typical(-6, 10, -14, -20, -16, -26, -40, -34, 6, 12, 0.1, 0.84),
    "haemangioma": _typical(-18, 32, 42, 36, -22, -10, 12, 34, 10, 5, 0.35, 0.70),
    "fnh": _typical(-4, 42, 10, 4, -6, 30, 2, 14, 4, 8, 0.55, 0.74),
    "adenoma": _typical(-12, 18, -4, -8, -20, 12, -22, -12, 17, 14, 0.05, 0.88),
}
_MEAN = np.mean(list(TYPICAL.values()), axis=0)
# What the subtypes draw near to. Not their mean, which no phase would show: harder to tell apart, not gone.
_COMMON = _typical(-10, 28, -6, -14, -20, 6, -34, -20, 10, 9, 0.35, 0.79)


def draw_regions(subtype: str, difficulty: float, rng: np.random.Generator) -> Regions:
    """A lesion of a subtype. At difficulty 1 the means of the subtypes stand 0.6 times as far
    apart as at 0."""
    apart = 1 - 0.4 * difficulty
    spread = np.array([_SPREAD_HU] * 8 + list(_SPREAD_TEXTURE))
    middle = _MEAN + difficulty * (_COMMON - _MEAN)
    drawn = middle + apart * (TYPICAL[subtype] - _MEAN) + spread * rng.standard_normal(12)
    rim, core = (tuple(float(v) for v in part) for part in (drawn[:4], drawn[4:8]))
    return Regions(
        rim,  # type: ignore[arg-type]
        core,  # type: ignore[arg-type]
        texture_hu=float(np.clip(drawn[8], 2, 20)),
        texture_mm=float(np.clip(drawn[9], 3, 18)),
        cords=float(np.clip(drawn[10], 0, 1)),
        front=float(np.clip(drawn[11], 0.6, 0.92)),
    )


def paint(
    regions: Regions,
    radius: Array,
    points: tuple[Array, Array, Array],
    around: Surroundings,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """HU by phase over a lesion's window: `radius` (Z, Y, X) from 0 in its centre to 1 on its surface,
    `points` x, y, z in mm, broadcastable."""
    soft = smooth_field(*points, regions.texture_mm, rng)
    strands = _strands(smooth_field(*points, regions.texture_mm, rng))
    texture = np.clip((1 - regions.cords) * soft + regions.cords * strands, -2.5, 2.5)
    texture /= max(float(texture.std()), 1e-3)
    outer = ramp(radius + 0.05 * soft, regions.front, 0.14)
    liver = around.blood.hu("liver")
    out = {}
    for phase, seconds in around.blood.seconds.items():
        rim, core = (float(np.interp(seconds, SECONDS, c)) for c in (regions.rim, regions.core))
        # Texture is structure, and enhances with its tissue: weakest before the contrast medium.
        strength = np.float32(regions.texture_hu * (0.5 if seconds == 0 else 1.0))
        tissue = np.float32(around.contrast) * (outer * rim + (1 - outer) * core) + strength * texture
        out[phase] = (np.float32(liver[phase]) + tissue).astype(np.float32)
    return out


def _strands(field: Array) -> Array:
    """Thin bright sheets where a smooth field passes zero: septa and cords."""
    return np.exp(-((field / np.float32(0.35)) ** 2)).astype(np.float32) * np.float32(3) - np.float32(0.8)
