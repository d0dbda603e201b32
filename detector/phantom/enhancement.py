"""Contrast medium over time: what each tissue measures in HU at the second a phase is taken.

The curves follow textbook timing at a usual dose: the aorta peaks near 35 s, the portal vein near 60 s, the
liver near 70 s, everything washes out over minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_SECONDS = (0, 15, 25, 35, 45, 60, 70, 100, 180, 300)
# Unenhanced HU, then the enhancement at each of _SECONDS.
_TISSUES: Mapping[str, tuple[float, tuple[float, ...]]] = {
    "artery": (40, (0, 20, 180, 280, 230, 150, 125, 105, 75, 55)),
    "portal_vein": (40, (0, 0, 10, 70, 115, 150, 145, 110, 80, 58)),
    "hepatic_vein": (40, (0, 0, 3, 15, 50, 115, 130, 108, 80, 58)),
    "cava": (40, (0, 5, 30, 55, 80, 100, 105, 100, 78, 56)),
    "liver": (57, (0, 0, 3, 10, 22, 48, 58, 54, 38, 26)),
    "spleen": (45, (0, 5, 50, 95, 95, 85, 80, 66, 50, 38)),
    "renal_cortex": (32, (0, 5, 90, 140, 150, 155, 158, 150, 120, 95)),
    "renal_medulla": (32, (0, 0, 8, 25, 50, 90, 110, 140, 135, 105)),
    "pancreas": (38, (0, 3, 35, 65, 65, 55, 50, 42, 30, 22)),
    "bowel_wall": (35, (0, 2, 15, 30, 35, 40, 40, 35, 25, 20)),
    "muscle": (52, (0, 0, 3, 6, 10, 14, 16, 18, 17, 14)),
    "marrow": (150, (0, 0, 4, 10, 14, 18, 20, 20, 16, 12)),
}


@dataclass(frozen=True)
class Haemodynamics:
    """One study's timing and dose. `seconds` maps a phase to its time after injection, 0 for none.

    `cardiac_output` is relative to the usual one: the medium arrives earlier with a greater one, and is
    thinned by it (Bae, Radiology 1998;207:647). `tube_kv` scales every enhancement: iodine absorbs more of
    a softer beam (about 1.7 times at 80 kV and 0.8 times at 140 kV of what it does at 120 kV).
    """

    seconds: Mapping[str, float]
    strength: float
    liver_hu: float
    tube_kv: float = 120.0
    cardiac_output: float = 1.0

    def hu(self, tissue: str) -> dict[str, float]:
        """HU of a tissue by phase."""
        native, rise = _TISSUES[tissue]
        native = self.liver_hu if tissue == "liver" else native
        scale = self.strength * (self.tube_kv / 120.0) ** -1.3 * self.cardiac_output**-0.4
        return {
            p: native + scale * float(np.interp(s * self.cardiac_output, _SECONDS, rise))
            for p, s in self.seconds.items()
        }

    def constant(self, value: float) -> dict[str, float]:
        """HU by phase of something that takes no contrast medium."""
        return dict.fromkeys(self.seconds, value)
