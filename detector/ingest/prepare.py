"""The steps that make a study's phases ready, none of which loses a study: what cannot be done is said.

A liver that cannot be found or read means the whole volume, a registration that breaks leaves its phase as it
was scanned; both are flagged.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.errors import ReadError
from detector.geometry import VolumeGeometry
from detector.ingest.found import MaskSource
from detector.ingest.liver import FoundLiver, LiverFinder, find_liver
from detector.ingest.masks import mask_on_grid, read_mask
from detector.registration.deeds import DeedsError
from detector.registration.quality import APART, Quality
from detector.registration.register import Aligned, Mode, align
from detector.registration.transform import Transform
from detector.volume import Volume

log = logging.getLogger(__name__)

Mask = npt.NDArray[np.uint8]


def supplied_liver(supplied: Path | MaskSource, grid: VolumeGeometry) -> FoundLiver:
    """The mask that came with a study, on the reference grid; none, with a note, where it cannot be used."""
    try:
        mask = np.asarray(mask_on_grid(read_mask(supplied), grid).array_zyx, dtype=np.uint8)
    except ReadError as error:
        return _unused(error.message)
    return FoundLiver(mask, "supplied") if mask.any() else _unused("it is empty.")


def _unused(why: str) -> FoundLiver:
    return FoundLiver(None, "none", f"The liver mask that came with it is not used: {why}")


def liver_of(reference: Volume, finder: LiverFinder | None = None) -> FoundLiver:
    """The liver of the reference phase (int16 HU), as detector.ingest.liver finds it."""
    try:
        return find_liver(reference, finder)
    except MemoryError:
        raise
    except Exception as error:
        log.error("the liver could not be looked for: %s", type(error).__name__)
        return FoundLiver(None, "none", f"The liver could not be looked for ({type(error).__name__}).")


def align_or_leave(
    moving: Volume, fixed: Volume, region: Mask | None, *, mode: Mode, deeds: Path | None
) -> Aligned:
    """What brings a phase onto the reference grid; the identity, flagged, where that breaks unforeseen.

    Raises:
        DeedsError: the program named cannot be used, which is for a person to mend.
    """
    try:
        return align(moving, fixed, region, mode=mode, deeds=deeds)
    except (DeedsError, MemoryError):
        raise
    except Exception as error:
        log.error("a phase could not be registered: %s", type(error).__name__)
        note = f"Registration broke ({type(error).__name__}); the phase lies as it was scanned."
        return Aligned(Transform(), unregistered(note))


def unregistered(note: str) -> Quality:
    """The figures of a phase that nobody registered."""
    return Quality(
        method="identity",
        translation_mm=0.0,
        rotation_deg=0.0,
        similarity_before=0.0,
        similarity_rigid=0.0,
        similarity_after=0.0,
        folding_share=0.0,
        displacement_mean_mm=0.0,
        displacement_p95_mm=0.0,
        displacement_max_mm=0.0,
        seconds=0.0,
        note=note,
        refused=False,
        device="",
        flag=APART,
    )
