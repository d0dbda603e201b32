"""How each kind of lesion enhances: the textbook patterns, as HU by phase over the lesion's own shape.

Differences to the liver are curves over seconds after injection, in HU at a lesion contrast of 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from detector.phantom.enhancement import Haemodynamics
from detector.phantom.layers import Array, ramp

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class LesionShape:
    """A lesion on its window, every array (Z, Y, X).

    `depth_mm` below its surface (positive inside), `radius` from 0 in the centre to 1 on the surface,
    `texture` a smooth field of unit variance at a third of the diameter.
    """

    depth_mm: Array
    radius: Array
    texture: Array
    diameter_mm: float


@dataclass(frozen=True)
class Surroundings:
    """What a lesion is measured against: the liver's HU by phase, the blood, and the study's contrast."""

    blood: Haemodynamics
    contrast: float

    def against_liver(self, curve: Curve) -> dict[str, float]:
        """HU by phase of tissue that differs from the liver by the curve."""
        seconds, difference = zip(*curve, strict=True)
        liver = self.blood.hu("liver")
        return {
            p: liver[p] + self.contrast * float(np.interp(s, seconds, difference))
            for p, s in self.blood.seconds.items()
        }


Pattern = Callable[[LesionShape, Surroundings], dict[str, Array]]


def _mix(part: Array, inside: float | Array, outside: float | Array) -> Array:
    return (part * inside + (1 - part) * outside).astype(np.float32)


def hcc(shape: LesionShape, around: Surroundings) -> dict[str, Array]:
    """Bright in the arterial phase, washed out later, a capsule that shows late; large ones necrotic."""
    tissue = around.against_liver(((0, -8), (28, 36), (38, 43), (47, 36), (70, -16), (180, -27), (300, -25)))
    capsule = around.against_liver(((0, -5), (38, 0), (70, 12), (180, 25), (300, 25)))
    dead = around.against_liver(((0, -16), (38, -26), (70, -48), (180, -42), (300, -34)))
    # A capsule forms as the tumour grows: hardly any at 12 mm, whole from 30 mm on.
    grown = np.float32(np.interp(shape.diameter_mm, (12, 30), (0, 1)))
    rim = grown * ramp(-shape.depth_mm, -2.4, 1.5)
    necrosis = ramp(0.42 + 0.1 * shape.texture - shape.radius, 0.0, 0.15)
    necrosis = necrosis * np.float32(shape.diameter_mm > 38)
    return {p: _mix(rim, capsule[p], _mix(necrosis, dead[p], tissue[p] + 4 * shape.texture)) for p in tissue}


def icc(shape: LesionShape, around: Surroundings) -> dict[str, Array]:
    """An arterial rim that washes out while the fibrous centre slowly fills from outside."""
    rim = around.against_liver(((0, -10), (28, 32), (38, 42), (70, 12), (180, -16), (300, -18)))
    core = around.against_liver(((0, -14), (38, -34), (70, -40), (120, 4), (180, 24), (300, 30)))
    front = {"non_contrast": 0.8, "arterial": 0.84, "portal_venous": 0.8, "delayed": 0.86}
    return {
        p: _mix(
            ramp(shape.radius + 0.04 * shape.texture, front[p], 0.12), rim[p], core[p] + 4 * shape.texture
        )
        for p in rim
    }


def metastasis(shape: LesionShape, around: Surroundings) -> dict[str, Array]:
    """A target: darkest in the centre, dark around it, with a thin rim that is bright only early."""
    core = around.against_liver(((0, -16), (38, -32), (70, -52), (180, -40), (300, -30)))
    tissue = around.against_liver(((0, -10), (38, -20), (70, -36), (180, -26), (300, -20)))
    rim = around.against_liver(((0, -6), (38, 18), (70, -16), (180, -22), (300, -18)))
    centre = ramp(0.52 + 0.06 * shape.texture - shape.radius, 0.0, 0.2)
    edge = ramp(shape.radius, 0.86, 0.1)
    return {p: _mix(edge, rim[p], _mix(centre, core[p], tissue[p])) for p in core}


def haemangioma(shape: LesionShape, around: Surroundings) -> dict[str, Array]:
    """Nodules of blood at the edge that grow together inwards, as bright as vessels."""
    native = around.against_liver(((0, -20), (300, -20)))["non_contrast"]
    artery = around.blood.hu("artery")
    share = {"non_contrast": 0.0, "arterial": 0.3, "portal_venous": 0.85, "delayed": 0.95}
    front = {"non_contrast": 0.8, "arterial": 0.8, "portal_venous": 0.55, "delayed": 0.1}
    out = {}
    for phase, hu in artery.items():
        filled = native + share[phase] * (hu - artery["non_contrast"]) * (0.4 + 0.6 * around.contrast)
        unfilled = native + (0 if phase == "non_contrast" else 8)
        out[phase] = _mix(ramp(shape.radius + 0.17 * shape.texture, front[phase], 0.12), filled, unfilled)
    return out


def fnh(shape: LesionShape, around: Surroundings) -> dict[str, Array]:
    """Even and very bright early, like liver later, with a starry scar that fills late."""
    tissue = around.against_liver(((0, -4), (28, 42), (38, 50), (47, 40), (70, 10), (180, 4), (300, 2)))
    scar = around.against_liver(((0, -12), (38, -16), (70, -14), (180, 22), (300, 26)))
    star = ramp(0.22 + 0.1 * shape.texture - shape.radius, 0.0, 0.12)
    return {p: _mix(star, scar[p], tissue[p]) for p in tissue}


def adenoma(shape: LesionShape, around: Surroundings) -> dict[str, Array]:
    """Moderately bright early, near the liver later, patchy with fat or old blood."""
    tissue = around.against_liver(((0, -8), (28, 26), (38, 33), (47, 26), (70, -10), (180, -16), (300, -14)))
    patch = around.against_liver(((0, -26), (38, -12), (70, -36), (180, -34), (300, -30)))
    fatty = ramp(shape.texture, 1.0, 0.5) * ramp(shape.depth_mm, 3.0, 2.0)
    return {p: _mix(fatty, patch[p], tissue[p] + 3 * shape.texture) for p in tissue}


PATTERNS: Mapping[str, Pattern] = {
    "hcc": hcc,
    "icc": icc,
    "metastasis": metastasis,
    "haemangioma": haemangioma,
    "fnh": fnh,
    "adenoma": adenoma,
}
