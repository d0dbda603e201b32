"""What a scanner adds that no body holds: streaks of metal, ghosts of motion. Not simulated in projections:
the pictures are what matters, and a tenth of a second a phase is what they may cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.phantom.layers import Array, Grid, Point

_METAL_HU = 2800.0


@dataclass(frozen=True)
class Metal:
    """A clip, coil or stent: a rod of `radius_mm` around `centre`, and the streaks it throws in its slices.

    `waves` (W, 3) are lobes around it: how many in a turn, where they begin, and how strong in HU at its
    edge; they fade as `reach_mm` / (distance + reach).
    """

    centre: Point
    radius_mm: float
    half_height_mm: float
    reach_mm: float
    waves: npt.NDArray[np.float64]

    def onto(self, image: Array, grid: Grid) -> None:
        """Adds the streaks and the metal to one phase, in place."""
        x, y, z = grid.points(grid.whole)
        px, py = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        away = np.sqrt(px**2 + py**2)
        angle = np.arctan2(py, px)
        streaks = np.zeros(away.shape, np.float32)
        for lobes, first, strength in self.waves:
            # Cubed, a wave becomes a narrow ray with wide dim gaps.
            streaks += np.float32(strength) * np.cos(np.float32(lobes) * angle + np.float32(first)) ** 3
        streaks *= np.float32(self.reach_mm) / (away + np.float32(self.reach_mm))
        level = np.abs(z - np.float32(self.centre[2]))
        height = np.clip(1.5 - level / np.float32(self.half_height_mm), 0, 1)
        for k in np.flatnonzero(height.ravel() > 0):
            body = image[k] > -600  # air keeps no streak that anyone would see
            image[k] += height.ravel()[k] * streaks[0] * body
        rod = (away[0] < self.radius_mm) & (level.ravel()[:, None, None] < self.half_height_mm)
        image[rod] = _METAL_HU


def draw_metal(centre: Point, rng: np.random.Generator) -> Metal:
    """Clips of 2 to 5 mm; at their edge the streaks are some 150 HU deep."""
    count = int(rng.integers(3, 6))
    waves = np.stack(
        [rng.integers(1, 9, count), rng.uniform(0, 2 * np.pi, count), rng.uniform(30, 90, count)], axis=1
    )
    return Metal(
        centre,
        radius_mm=float(rng.uniform(1.2, 2.6)),
        half_height_mm=float(rng.uniform(4, 9)),
        reach_mm=float(rng.uniform(10, 30)),
        waves=waves,
    )


@dataclass(frozen=True)
class Motion:
    """Slices `first`..`last` of one phase taken while the patient moved: a ghost of `share` of the image,
    `y_pixels` and `x_pixels` aside."""

    phase: str
    first: int
    last: int
    y_pixels: int
    x_pixels: int
    share: float

    def onto(self, image: Array) -> None:
        """Blends the ghost into a phase (Z, Y, X), in place."""
        part = image[self.first : self.last]
        ghost = np.roll(part, (self.y_pixels, self.x_pixels), axis=(1, 2))
        part += np.float32(self.share) * (ghost - part)


def draw_motion(phase: str, slices: int, pixel_mm: float, rng: np.random.Generator) -> Motion:
    """Three to a third of the slices, displaced by 3 to 7 mm."""
    length = int(rng.integers(3, max(4, slices // 3)))
    first = int(rng.integers(0, slices - length + 1))
    angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(3, 7) / pixel_mm
    return Motion(
        phase,
        first,
        first + length,
        round(size * float(np.sin(angle))),
        round(size * float(np.cos(angle))),
        float(rng.uniform(0.25, 0.5)),
    )
