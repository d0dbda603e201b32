"""A smooth deformation that is known everywhere: what breathing and posture do to soft organs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_WAVES = 5
_WAVELENGTH_MM = 170.0
_PARTS_XYZ = (0.55, 0.75, 1.0)  # the liver moves most along the body, least from side to side


@dataclass(frozen=True, slots=True)
class Warp:
    """What a phase shows at p lies, in the portal venous frame, at p + displacement(p).

    Each component is a sum of plane waves: `waves` (3, W, 5) holds amplitude in mm, wave vector (x, y, z) in
    1/mm and phase for each of the three components.
    """

    waves: Floats

    def displacement(self, points_xyz_mm: npt.ArrayLike) -> Floats:
        """Displacements in mm (..., 3) at points (..., 3) in mm, LPS."""
        points = np.asarray(points_xyz_mm, dtype=float)
        parts = []
        for waves in self.waves:
            total = np.zeros(points.shape[:-1])
            for amplitude, kx, ky, kz, phase in waves:
                angle = kx * points[..., 0] + ky * points[..., 1] + kz * points[..., 2] + phase
                total += amplitude * np.cos(angle)
            parts.append(total)
        return np.stack(parts, axis=-1)


def draw_warp(amplitude_mm: float, rng: np.random.Generator) -> Warp:
    """A warp whose waves along the body reach `amplitude_mm` where all of them meet; the wave vectors are
    long enough that it neither folds nor tears up to about 20 mm."""
    waves = np.zeros((3, _WAVES, 5))
    for component, part in enumerate(_PARTS_XYZ):
        shares = rng.uniform(0.5, 1.0, _WAVES)
        waves[component, :, 0] = part * amplitude_mm * shares / shares.sum()
        directions = rng.normal(size=(_WAVES, 3))
        lengths = _WAVELENGTH_MM * rng.uniform(0.75, 1.35, _WAVES)
        directions *= (2 * np.pi / lengths / np.linalg.norm(directions, axis=1))[:, None]
        waves[component, :, 1:4] = directions
        waves[component, :, 4] = rng.uniform(0, 2 * np.pi, _WAVES)
    return Warp(waves)
