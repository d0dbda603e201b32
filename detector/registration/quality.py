"""Whether a registration may be used: figures of the liver, limits, and a flag for people.

What is stored is plain JSON under the names of `Quality`; the flag is "" where nothing is to be said.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from detector.images import to_image
from detector.registration.transform import Field
from detector.volume import Volume

Method = Literal["identity", "rigid", "deformable", "deeds"]

MAX_FOLDING = 0.001  # share of the liver where the field folds
MAX_P95_MM = 25.0  # of the field, besides what the rigid part moves
MAX_MM = 40.0
# Phases of one liver that lie on each other share more than this, in nats (docs/benchmarks.md, Registration).
LOOSE_SIMILARITY = 0.6
LOOSE = "loosely aligned"
APART = "not aligned"


@dataclass(frozen=True, slots=True)
class Movement:
    """What a field does within a region: the share of it that folds, and lengths in mm."""

    folding_share: float = 0.0
    displacement_mean_mm: float = 0.0
    displacement_p95_mm: float = 0.0
    displacement_max_mm: float = 0.0

    @property
    def implausible(self) -> str:
        """Why the field cannot be anatomy, "" where it can."""
        if self.folding_share > MAX_FOLDING:
            return f"it folds {100 * self.folding_share:.1f} % of the liver"
        if self.displacement_p95_mm > MAX_P95_MM or self.displacement_max_mm > MAX_MM:
            return f"it moves the liver by up to {self.displacement_max_mm:.0f} mm"
        return ""


@dataclass(frozen=True, slots=True)
class Quality:
    """How a phase came onto the reference grid, and how well.

    `translation_mm` of the region's centre and `rotation_deg` are the rigid part's; the similarities are
    mutual information in nats in the liver (higher is more alike), in the scanner's own frame, after the
    rigid part, and as registered. `note` says why a step was not used, `refused` whether that was a
    deformation, `device` what the field was searched on ("" where none was), `flag` what a reader should
    know.
    """

    method: Method
    translation_mm: float
    rotation_deg: float
    similarity_before: float
    similarity_rigid: float
    similarity_after: float
    folding_share: float
    displacement_mean_mm: float
    displacement_p95_mm: float
    displacement_max_mm: float
    seconds: float
    note: str
    refused: bool
    device: str
    flag: str

    def as_json(self) -> dict[str, Any]:
        return {k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(self).items()}


def movement(field: Field, fixed: Volume, region: npt.NDArray[np.uint8] | None) -> Movement:
    """Of a field within the region (Z, Y, X) of the fixed grid; None, or one too small, takes all of it."""
    inside = _on_field(field, fixed, region)
    lengths = field.lengths_mm()[inside]
    return Movement(
        folding_share=float((field.determinants()[inside] <= 0).mean()),
        displacement_mean_mm=float(lengths.mean()),
        displacement_p95_mm=float(np.percentile(lengths, 95)),
        displacement_max_mm=float(lengths.max()),
    )


def _on_field(field: Field, fixed: Volume, region: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.bool_]:
    everywhere = np.ones(field.geometry.shape_zyx, dtype=bool)
    if region is None or not region.any():
        return everywhere
    mask = to_image(Volume(np.asarray(region, np.uint8), fixed.geometry))
    like = to_image(Volume(everywhere.astype(np.uint8), field.geometry))
    inside = sitk.GetArrayFromImage(sitk.Resample(mask, like, sitk.Transform(), sitk.sitkNearestNeighbor, 0))
    return inside > 0 if inside.any() else everywhere


def flag_of(*, similarity: float, refused: bool) -> str:
    """What a reader should know of a phase, "" where it lies well. `refused`: a deformation was found and
    could not be used, so that more than a rigid movement is left."""
    if similarity <= 0:
        return APART
    return LOOSE if refused or similarity < LOOSE_SIMILARITY else ""
