"""Hidden cases: gold studies among those to be read, some with a candidate too few or one too many.

What is shown must look like every other study: a withheld lesion leaves no gap in the ranks, an invented
candidate has a size, a score and phase scores such as the study's own.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from detector.contracts import Candidate
from detector.geometry import Box3D, VolumeGeometry, iou
from harvest.domain import HiddenCase

# A candidate hits a lesion from here on, or with its centre in it.
HIT_IOU = 0.1
TRIES = 200
# Half the edge (mm) of an invented candidate where the study has neither candidate nor lesion.
USUAL_HALF_MM = 10.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What becomes of a hidden case's candidates: those to show, best first, those that are withheld, and
    which of the former is invented."""

    shown: list[Candidate]
    withheld: list[Candidate]
    invented: int | None = None


def kind_of(number: int) -> HiddenCase:
    """The kinds in turn, so that each is as frequent.

    >>> [kind_of(n).value for n in range(4)]
    ['plain', 'withheld', 'invented', 'plain']
    """
    return list(HiddenCase)[number % len(HiddenCase)]


def alter(
    kind: HiddenCase,
    found: Sequence[Candidate],
    lesions: Sequence[Box3D],
    *,
    geometry: VolumeGeometry,
    liver: npt.NDArray[np.bool_] | None,
    phases: Sequence[str],
    seed: str,
) -> tuple[HiddenCase, Shown]:
    """The candidates of a hidden case, best first, altered as its kind says; and what it came to: PLAIN
    where there is nothing to withhold, or no place to invent at.

    Args:
        found: what the detector found in the study.
        lesions: its true lesions, mm, LPS.
        liver: (z, y, x) of the geometry; None where nobody found it.
    """
    chance = random.Random(seed)
    if kind is HiddenCase.WITHHELD:
        hit = [b for b in lesions if any(hits(c.box, b) for c in found)]
        if hit:
            lesion = chance.choice(hit)
            withheld = [c for c in found if hits(c.box, lesion)]
            return kind, Shown([c for c in found if c not in withheld], withheld)
    if kind is HiddenCase.INVENTED:
        box = _invented_box(found, lesions, geometry, liver, chance)
        if box is not None:
            made = replace(_like(found, phases, chance), box=box)
            shown = sorted([*found, made], key=lambda c: -c.score)
            return kind, Shown(shown, [], shown.index(made))
    return HiddenCase.PLAIN, Shown(list(found), [])


def hits(candidate: Box3D, lesion: Box3D) -> bool:
    """Whether a candidate points at a lesion: they overlap, or its centre lies in it."""
    inside = all(lo <= c <= hi for lo, c, hi in zip(lesion.lo, candidate.centre_mm, lesion.hi, strict=True))
    return inside or iou(candidate, lesion) >= HIT_IOU


def _like(found: Sequence[Candidate], phases: Sequence[str], chance: random.Random) -> Candidate:
    """A candidate with scores such as the others have; its box is still to be set."""
    scores = [c.score for c in found] or [0.2, 0.6]
    score = chance.uniform(min(scores), max(scores))
    said: Mapping[str, float] = chance.choice(list(found)).phase_scores if found else dict.fromkeys(phases, 1)
    most = max(said.values(), default=0) or 1
    return Candidate(
        box=Box3D((0, 0, 0), (1, 1, 1)),
        score=score,
        phase_scores={phase: score * value / most for phase, value in said.items()},
    )


def _invented_box(
    found: Sequence[Candidate],
    lesions: Sequence[Box3D],
    geometry: VolumeGeometry,
    liver: npt.NDArray[np.bool_] | None,
    chance: random.Random,
) -> Box3D | None:
    """A box of a usual size in the liver that touches nothing that was found or is there; None for no
    place."""
    taken = [*(c.box for c in found), *lesions]
    sizes = [b.size_mm for b in taken] or [(2 * USUAL_HALF_MM,) * 3]
    places = np.argwhere(liver) if liver is not None and liver.any() else None
    extent = geometry.extent
    for _ in range(TRIES):
        if places is not None:
            z, y, x = places[chance.randrange(len(places))]
            centre = [
                o + i * s
                for o, i, s in zip(geometry.origin_xyz_mm, (x, y, z), geometry.spacing_xyz_mm, strict=True)
            ]
        else:
            centre = [
                lo + chance.uniform(0.3, 0.7) * (hi - lo) for lo, hi in zip(extent.lo, extent.hi, strict=True)
            ]
        half = [size / 2 for size in chance.choice(sizes)]
        lo = tuple(c - h for c, h in zip(centre, half, strict=True))
        hi = tuple(c + h for c, h in zip(centre, half, strict=True))
        within = all(a >= b for a, b in zip(lo, extent.lo, strict=True)) and all(
            a <= b for a, b in zip(hi, extent.hi, strict=True)
        )
        box = Box3D(lo, hi)
        if within and not any(_touch(box, other) for other in taken):
            return box
    return None


def _touch(a: Box3D, b: Box3D) -> bool:
    return all(lo < hi and lo2 < hi2 for lo, hi, lo2, hi2 in zip(a.lo, b.hi, b.lo, a.hi, strict=True))
