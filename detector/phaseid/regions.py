"""HU of the regions that tell a phase, found without downloads; what is not found is absent, not guessed."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from detector.phaseid.body import find_body
from detector.phaseid.coarse import Coarse, Floats
from detector.phaseid.organs import kidney_levels, liver_level, liver_slice, make_field, spleen_level
from detector.phaseid.tubes import AORTA, CAVA, Tube, find_tube

_SMOOTH_MM = 1.5
_LEAST_SCORE = 0.45
_NEAR_BEST = 0.15  # slices whose score is this near to the best one's speak for the vessel
_LEAST_SLICES = 2


REGIONS = ("aorta", "cava", "liver", "spleen", "kidney", "cortex")


def find_regions(coarse: Coarse) -> dict[str, float]:
    """HU by name of REGIONS, for those that were found; empty where there is no body with a spine.

    `cortex` is how much brighter the kidneys' brighter parts are than their darker ones; the rest are levels.
    """
    smooth = _smoothed(coarse)
    body = find_body(coarse, smooth)
    if body is None:
        return {}
    aorta, cava = (
        _tube_level(find_tube(smooth, coarse.spacing_zyx_mm, body, place)) for place in (AORTA, CAVA)
    )
    field = make_field(smooth, coarse.spacing_zyx_mm, body)
    kidneys = kidney_levels(field)
    found = {
        "aorta": aorta,
        "cava": cava,
        "liver": liver_level(field),
        "spleen": spleen_level(field),
        "kidney": kidneys.hu if kidneys else None,
        "cortex": kidneys.cortex if kidneys else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def shown_slice(coarse: Coarse) -> int:
    """The slice to show a person who is asked for the phase: through most of the liver, else the middle."""
    smooth = _smoothed(coarse)
    body = find_body(coarse, smooth)
    if body is not None:
        field = make_field(smooth, coarse.spacing_zyx_mm, body)
        level = liver_level(field)
        if level is not None:
            return liver_slice(field, level)
    return len(coarse.hu) // 2


def _smoothed(coarse: Coarse) -> Floats:
    pixel = coarse.spacing_zyx_mm[1:]
    smooth = ndimage.gaussian_filter(coarse.hu, (0, _SMOOTH_MM / pixel[0], _SMOOTH_MM / pixel[1]))
    return np.asarray(smooth)


def _tube_level(tube: Tube) -> float | None:
    best = float(tube.score.max())
    sure = tube.score >= max(_LEAST_SCORE, best - _NEAR_BEST)
    return float(np.median(tube.hu[sure])) if sure.sum() >= _LEAST_SLICES else None
