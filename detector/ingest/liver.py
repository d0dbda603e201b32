"""The liver region, looked for in the reference phase (a mask that came with the study wins: prepare.py).

Good enough to crop around, not to measure. What is not found, or cannot be a liver, costs no study: the whole
volume is then meant, and `source` and `note` say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from detector import registry
from detector.errors import DetectorError, PlanError
from detector.geometry import VolumeGeometry
from detector.ingest.classical_liver import VOLUME_ML, WORK_MM, classical_liver
from detector.ingest.totalsegmentator import find_with_totalsegmentator
from detector.volume import Volume
from detector.weights import read_family

LiverMethod = Literal["network", "classical", "totalsegmentator"]
LiverSource = Literal["supplied", "network", "classical", "totalsegmentator", "none"]
LIVER_METHODS: tuple[LiverMethod, ...] = get_args(LiverMethod)
REFERENCE_WEIGHTS = Path(__file__).resolve().parents[2] / "fixtures" / "liver-small.safetensors"

_ODD_HU = (-50.0, 300.0)  # fat and air, bone and pure contrast
_MAX_ODD = 0.25
_EVEN_HU = (-10.0, 250.0)  # from a fatty liver without contrast to one at 80 kV

# Where the classical way leaks, 3.5 % of it and more lie so far off (docs/decisions/0017-liver.md).
_NEAR_MM = 8.0
_MAX_LEAK, _MAX_MISS = 0.03, 0.05

Mask = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class LiverFinder:
    """How a liver is looked for first; what fails or cannot be one is looked for in the classical way.

    `weights` are those of a liver segmenter that has learned from real masks; None takes the reference
    weights, which are doubted. `totalsegmentator` is the program (None: where pip installs it).
    """

    method: LiverMethod = "network"
    weights: Path | None = None
    totalsegmentator: Path | None = None


@dataclass(frozen=True, slots=True)
class FoundLiver:
    """The mask (Z, Y, X) uint8 on the reference grid, or None: the whole volume is meant.

    `source` says who found it, `note` what went wrong on the way, "" where nothing did.
    """

    mask: Mask | None
    source: LiverSource
    note: str = ""


def find_liver(reference: Volume, finder: LiverFinder | None = None) -> FoundLiver:
    """The liver on the grid of `reference` (int16 HU, portal venous or arterial).

    The finder's method is asked, and where it fails or what it gives cannot be a liver, the classical one.
    Beside the reference weights the classical one is always asked, and its outline is taken where both agree.
    """
    finder = finder or LiverFinder()
    if finder.method == "classical":
        return _classical(reference, "")
    try:
        found = _asked(reference, finder)
    except Exception as error:  # whatever it is, in whatever plug-in: a liver is not worth a study
        problem = _said(error)
    else:
        problem = implausible(found, reference)
        if not problem:
            doubted = finder.method == "network" and finder.weights is None
            return _sharper(found, reference) if doubted else FoundLiver(found, finder.method)
    return _classical(reference, f"The liver of {_NAMES[finder.method]} is not used: {problem}")


def _classical(reference: Volume, note: str) -> FoundLiver:
    mask = classical_liver(reference)
    if mask is None:
        return FoundLiver(None, "none", note or "No region of a liver's size was found.")
    return FoundLiver(mask, "classical", note)


def _sharper(found: Mask, reference: Volume) -> FoundLiver:
    """The classical outline where it says what the network says, else the network's.

    On scans of people the classical outline is the sharper one as long as it does not leak, and a network
    that has seen phantoms alone is good enough to tell when it does.
    """
    classical = classical_liver(reference)
    if classical is not None and agree(classical, found, reference.geometry):
        return FoundLiver(classical, "classical")
    return FoundLiver(found, "network")


def agree(classical: Mask, found: Mask, geometry: VolumeGeometry) -> bool:
    """Whether next to nothing of each of two masks on a grid lies more than 8 mm beyond the other."""
    spacing = np.array(geometry.spacing_xyz_mm[::-1])
    steps = np.maximum(1, np.rint(WORK_MM / spacing).astype(int))
    a, b = (m[:: steps[0], :: steps[1], :: steps[2]] > 0 for m in (classical, found))
    if not a.any() or not b.any():
        return False
    leaks, misses = (
        float(
            (m & (ndimage.distance_transform_edt(~other, sampling=spacing * steps) > _NEAR_MM)).sum()
            / m.sum()
        )
        for m, other in ((a, b), (b, a))
    )
    return leaks <= _MAX_LEAK and misses <= _MAX_MISS


_NAMES = {"network": "the network", "totalsegmentator": "TotalSegmentator"}


def _asked(reference: Volume, finder: LiverFinder) -> Mask:
    if finder.method == "totalsegmentator":
        return find_with_totalsegmentator(reference, finder.totalsegmentator)
    weights = finder.weights or REFERENCE_WEIGHTS
    family = read_family(weights)
    if registry.kind_of(family) != "liver_segmenter":
        raise PlanError(f"{family} finds no livers.", remedy="Name the weights of a liver segmenter.")
    return _uint8(registry.family(family).load(weights).segment(reference))


def implausible(mask: Mask, reference: Volume) -> str:
    """Why a mask cannot be the liver of a scan, in words; "" where it can."""
    inside = mask > 0
    millilitres = float(inside.sum()) * float(np.prod(reference.geometry.spacing_xyz_mm)) / 1000
    if not VOLUME_ML[0] <= millilitres <= VOLUME_ML[1]:
        return f"it measures {millilitres:.0f} ml."
    hu = np.asarray(reference.array_zyx)[inside]
    median = float(np.median(hu))
    if not _EVEN_HU[0] <= median <= _EVEN_HU[1]:
        return f"half of it is beyond {median:.0f} HU."
    odd = float(((hu < _ODD_HU[0]) | (hu > _ODD_HU[1])).mean())
    return f"{100 * odd:.0f} % of it is fat, air or bone." if odd > _MAX_ODD else ""


def _said(error: Exception) -> str:
    if isinstance(error, DetectorError):
        return str(error)
    if isinstance(error, MemoryError | RuntimeError):  # torch's word for a lack of memory
        return "it failed; memory may have run out."
    return f"it failed ({type(error).__name__})."


def _uint8(mask: npt.ArrayLike) -> Mask:
    return np.asarray(mask, dtype=np.uint8)
