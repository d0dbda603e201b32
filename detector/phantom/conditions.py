"""Under what conditions a study is taken at a difficulty: the scanner, its artefacts, and phases left out.

Each draws its ranges from where the cohort stands: an evaluation study has kernels no training study has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.phantom.artefacts import Metal, Motion, draw_metal, draw_motion
from detector.phantom.layers import Grid, Point
from detector.phantom.liver import Liver
from detector.phantom.parameters import (
    PHASES,
    REFERENCE_PHASE,
    PhantomParameters,
    Span,
    draw_span,
)
from detector.phantom.scan import Scanner

_BLUR_MM: dict[str, Span] = {"training": ((0.75, 1.3),), "evaluation": ((0.5, 0.7), (1.35, 1.7))}
_SHARPNESS: dict[str, Span] = {"training": ((0.0, 0.4),), "evaluation": ((0.45, 0.7),)}
_NOISE_MIDDLE: dict[str, Span] = {"training": ((0.1, 0.5),), "evaluation": ((0.55, 0.8),)}
_BESIDE: dict[str, Span] = {"training": ((0.03, 0.14),), "evaluation": ((0.15, 0.2),)}
# Chances at difficulty 1.
_METAL, _MOTION, _MISSING = 0.2, 0.3, 0.12


@dataclass(frozen=True)
class Conditions:
    """`missing` phases were not taken; `metal` lies in every phase, `motion` in one."""

    scanner: Scanner
    metal: tuple[Metal, ...] = ()
    motion: Motion | None = None
    missing: tuple[str, ...] = ()


def draw_conditions(
    parameters: PhantomParameters,
    noise_hu: float,
    grid: Grid,
    liver: Liver,
    levels: Sequence[float],
    rng: np.random.Generator,
) -> Conditions:
    """The conditions of a study; `levels` are the z in mm of the slices that are shown."""
    difficulty = parameters.difficulty
    if difficulty is None:
        return Conditions(Scanner(noise_hu))
    cohort = "evaluation" if parameters.cohort == "evaluation" else "training"
    scanner = Scanner(
        noise_hu,
        blur_sigma_mm=draw_span(_BLUR_MM[cohort], rng),
        sharpness=difficulty * draw_span(_SHARPNESS[cohort], rng),
        noise_middle=difficulty * draw_span(_NOISE_MIDDLE[cohort], rng),
        beside=difficulty * draw_span(_BESIDE[cohort], rng),
    )
    others = [p for p in PHASES if p != REFERENCE_PHASE]
    missing = tuple(p for p in others if rng.random() < _MISSING * difficulty)
    taken = [p for p in PHASES if p not in missing]
    metal: tuple[Metal, ...] = ()
    if rng.random() < _METAL * difficulty:
        metal = tuple(
            draw_metal(_near(grid, liver, levels, rng), rng) for _ in range(int(rng.integers(1, 4)))
        )
    motion = None
    if rng.random() < _MOTION * difficulty:
        phase = taken[int(rng.integers(len(taken)))]
        motion = draw_motion(phase, parameters.slices, grid.pixel_mm, rng)
    return Conditions(scanner, metal, motion, missing)


def _near(grid: Grid, liver: Liver, levels: Sequence[float], rng: np.random.Generator) -> Point:
    """A point at the liver's surface, where clips of the gallbladder and of resections lie."""
    zs = grid.z[liver.window[0]]
    rind = np.abs(liver.distance) < 6
    rind[(zs < levels[0]) | (zs > levels[-1])] = False
    choices = np.argwhere(rind)
    k, j, i = choices[int(rng.integers(len(choices)))]
    return (
        float(grid.x[liver.window[2]][i]),
        float(grid.y[liver.window[1]][j]),
        float(zs[k]),
    )
