"""How patients differ from phantoms: measured regions drawn again as other people would have shown them.

Phantoms share one table of native HU and one shape of the curves; people do not. Each draw shifts native HU
(fat, iron, anaemia), scales all contrast medium (dose, weight, tube voltage) and each organ's own uptake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from detector.phaseid.model import NATIVE_HU

DRAWS = 40
_DOSE = 0.35  # of the logarithm of all enhancement
_UPTAKE: Mapping[str, float] = {"aorta": 0.1, "cava": 0.2, "liver": 0.15, "spleen": 0.12, "kidney": 0.15}
_NATIVE_HU: Mapping[str, float] = {"liver": 10.0, "spleen": 5.0, "kidney": 5.0}
_BLOOD_HU = 5.0
_MEASURED_HU = 4.0
_CORTEX = 0.35  # of the logarithm


def varied(
    samples: Iterable[tuple[str, Mapping[str, float]]], seed: int, draws: int = DRAWS
) -> Iterator[tuple[str, dict[str, float]]]:
    """Each sample `draws` times, varied; equal by seed."""
    rng = np.random.default_rng(seed)
    for phase, regions in samples:
        for _ in range(draws):
            yield phase, _vary(regions, rng)


def _vary(regions: Mapping[str, float], rng: np.random.Generator) -> dict[str, float]:
    dose, blood = np.exp(rng.normal(0, _DOSE)), rng.normal(0, _BLOOD_HU)
    out = {}
    for name in sorted(regions):
        if name == "cortex":
            out[name] = float(regions[name] * np.exp(rng.normal(0, _CORTEX)))
            continue
        rise = (regions[name] - NATIVE_HU[name]) * dose * np.exp(rng.normal(0, _UPTAKE[name]))
        native = blood if name in ("aorta", "cava") else rng.normal(0, _NATIVE_HU[name])
        out[name] = float(NATIVE_HU[name] + rise + native + rng.normal(0, _MEASURED_HU))
    return out
