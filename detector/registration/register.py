"""One phase onto the grid of another: rigid, then bent, each step kept only where it does good."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from detector.registration.deeds import find_field_with_deeds
from detector.registration.quality import Method, Movement, Quality, flag_of, movement
from detector.registration.resample import resample
from detector.registration.rigid import find_rigid
from detector.registration.similarity import Comparison
from detector.registration.transform import Field, Transform
from detector.volume import Volume

Mode = Literal["rigid", "deformable"]


@dataclass(frozen=True, slots=True)
class Aligned:
    """The transform that brings a phase onto the fixed grid, and how well that went."""

    transform: Transform
    quality: Quality


@dataclass(frozen=True, slots=True)
class Registered:
    """A phase on the fixed grid (int16 HU), the transform it is made with, and how well that went.

    resample(moving, fixed.geometry, transform) gives `volume` again.
    """

    volume: Volume
    transform: Transform
    quality: Quality


def register(
    moving: Volume,
    fixed: Volume,
    region: npt.NDArray[np.uint8] | None = None,
    *,
    mode: Mode = "deformable",
    deeds: Path | None = None,
) -> Registered:
    """Brings `moving` onto the grid of `fixed` (int16 HU) by the transform that align finds; raises as it."""
    found = align(moving, fixed, region, mode=mode, deeds=deeds)
    return Registered(resample(moving, fixed.geometry, found.transform), found.transform, found.quality)


def align(
    moving: Volume,
    fixed: Volume,
    region: npt.NDArray[np.uint8] | None = None,
    *,
    mode: Mode = "deformable",
    deeds: Path | None = None,
) -> Aligned:
    """Finds what brings `moving` onto the grid of `fixed` (int16 HU).

    A rigid transform is kept only where it makes the phases more alike; a field on top of it only where it
    does so again, without folding and within what breath can do. The same input gives the same result.

    Args:
        region: (Z, Y, X) mask on the fixed grid to be alike in, the liver for preference. None: the body.
        mode: "rigid" leaves out the field.
        deeds: a deedsBCV program to find the field with, instead of ours.
    Raises:
        DeedsError: the program named cannot be used.
    """
    started = time.perf_counter()
    comparison = Comparison(fixed, region)
    coarse = comparison.coarse(moving)
    rigid, note = find_rigid(moving, fixed, comparison)
    before = comparison.similarity(coarse, Transform())
    at_rigid = comparison.similarity(coarse, rigid)
    method: Method = "identity" if rigid.is_identity else "rigid"
    transform, similarity, moved, refused, device = rigid, at_rigid, Movement(), False, ""
    if mode == "deformable" and at_rigid > 0:
        field, device = _field(moving, fixed, region, rigid, deeds)
        bent = replace(rigid, field=field)
        at_bent, tried = comparison.similarity(coarse, bent), movement(field, fixed, region)
        if tried.implausible:
            refused = True
            note = f"The deformation found is not used: {tried.implausible}."
        elif at_bent <= at_rigid:
            note = note or "No deformation makes the phases more alike; none is used."
        else:
            method = "deeds" if deeds else "deformable"
            transform, similarity, moved, note = bent, at_bent, tried, ""
    return Aligned(
        transform,
        Quality(
            method=method,
            translation_mm=rigid.shift_mm,
            rotation_deg=rigid.turn_deg,
            similarity_before=before,
            similarity_rigid=at_rigid,
            similarity_after=similarity,
            folding_share=moved.folding_share,
            displacement_mean_mm=moved.displacement_mean_mm,
            displacement_p95_mm=moved.displacement_p95_mm,
            displacement_max_mm=moved.displacement_max_mm,
            seconds=time.perf_counter() - started,
            note=note,
            refused=refused,
            device=device,
            flag=flag_of(similarity=similarity, refused=refused),
        ),
    )


def _field(
    moving: Volume, fixed: Volume, region: npt.NDArray[np.uint8] | None, rigid: Transform, deeds: Path | None
) -> tuple[Field, str]:
    """The field, and the device that it was searched on."""
    if deeds:
        return find_field_with_deeds(moving, fixed, region, rigid, deeds), "cpu"
    from detector.registration import deform  # torch stays out of the web processes

    device = deform.device()
    return deform.find_field(moving, fixed, region, rigid, device), device.type
