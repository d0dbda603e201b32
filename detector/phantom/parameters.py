"""What a phantom is drawn from. Training and evaluation spans share no value, so that a model judged on
evaluation phantoms meets bodies, timings, noise and lesions it cannot have learned by heart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from detector.errors import PlanError

PHASES = ("non_contrast", "arterial", "portal_venous", "delayed")
REFERENCE_PHASE = "portal_venous"
SUBTYPES: Mapping[str, tuple[str, ...]] = {
    "hcc": ("hcc",),
    "icc": ("icc",),
    "metastasis": ("metastasis",),
    "benign": ("haemangioma", "fnh", "adenoma"),
}
LESION_CLASSES = tuple(SUBTYPES)
FIELD_OF_VIEW_MM = 340.0
SLICE_MM = 5.0
MAX_DEFORMATION_MM = 20.0  # beyond it a warp of this wavelength could fold

Cohort = Literal["training", "evaluation", "varied"]
Span = tuple[tuple[float, float], ...]  # one or more intervals; values are drawn from their union


@dataclass(frozen=True, slots=True)
class Spans:
    """Intervals each study's numbers are drawn from, uniformly over the union of the intervals."""

    body_half_width_mm: Span
    body_aspect: Span  # depth over width
    liver_scale: Span
    liver_hu: Span  # unenhanced
    contrast_strength: Span  # multiplies every enhancement
    arterial_s: Span  # seconds after injection
    portal_venous_s: Span
    delayed_s: Span
    noise_hu: Span  # standard deviation
    breathing_z_mm: Span  # magnitude; the sign is drawn
    breathing_inplane_mm: Span
    diameter_mm: Span  # of the largest lesion
    satellite_ratio: Span  # diameter of a further lesion over the largest
    elongation: Span  # longest over shortest axis
    roughness: Span  # amplitude of the lobulation over the radius
    lesion_contrast: Span  # multiplies every difference to the liver

    def draw(self, rng: np.random.Generator) -> dict[str, float]:
        """One value a span, by name."""
        return {f.name: draw_span(getattr(self, f.name), rng) for f in fields(self)}


def draw_span(span: Span, rng: np.random.Generator) -> float:
    """A value uniform over the union of the span's intervals."""
    widths = [hi - lo for lo, hi in span]
    at = float(rng.uniform(0.0, sum(widths)))
    for (lo, _), width in zip(span, widths, strict=True):
        if at <= width:
            return lo + at
        at -= width
    return span[-1][1]


@dataclass(frozen=True, slots=True)
class Examination:
    """How the scanner and the circulation differ from the usual 120 kV and cardiac output 1.

    Drawn from a stream of its own, so that phantoms without it are what they were.
    """

    tube_kv: Span
    cardiac_output: Span


TRAINING = Spans(
    body_half_width_mm=((134, 150),),
    body_aspect=((0.68, 0.76),),
    liver_scale=((0.93, 1.06),),
    liver_hu=((52, 62),),
    contrast_strength=((0.9, 1.1),),
    arterial_s=((32, 39),),
    portal_venous_s=((65, 76),),
    delayed_s=((160, 210),),
    noise_hu=((8, 11.5),),
    breathing_z_mm=((2, 8),),
    breathing_inplane_mm=((0.5, 2.5),),
    diameter_mm=((14, 40),),
    satellite_ratio=((0.45, 0.75),),
    elongation=((1.0, 1.25),),
    roughness=((0.03, 0.09),),
    lesion_contrast=((0.85, 1.15),),
)

EVALUATION = Spans(
    body_half_width_mm=((124, 132), (152, 160)),
    body_aspect=((0.63, 0.67), (0.77, 0.81)),
    liver_scale=((0.87, 0.92), (1.07, 1.12)),
    liver_hu=((44, 51), (63, 68)),
    contrast_strength=((0.72, 0.88), (1.12, 1.22)),
    arterial_s=((28, 31), (41, 46)),
    portal_venous_s=((58, 63), (79, 90)),
    delayed_s=((120, 150), (230, 300)),
    noise_hu=((12, 15),),
    breathing_z_mm=((8.5, 14),),
    breathing_inplane_mm=((2.6, 4),),
    diameter_mm=((9, 13.5), (41, 60)),
    satellite_ratio=((0.35, 0.43), (0.77, 0.85)),
    elongation=((1.28, 1.6),),
    roughness=((0.1, 0.15),),
    lesion_contrast=((0.65, 0.82), (1.18, 1.3)),
)


@dataclass(frozen=True, slots=True)
class PhantomParameters:
    """Everything a phantom depends on besides its seed.

    `matrix` pixels a side of the 340 mm field of view, `slices` of 5 mm. `aligned` leaves out the breathing
    between phases. `lesion_class` None draws one; `examination` None is 120 kV and the usual circulation.
    `deformation_mm` above 0 bends every phase but the portal venous by a smooth warp of about that size
    besides the breathing; 0 leaves all else as it is drawn. `varied` lets the organs stray from the textbook
    (phantom.variety).

    Raises:
        PlanError: a grid too small to hold a liver, or an unknown lesion class.
    """

    spans: Spans
    cohort: Cohort
    matrix: int = 192
    slices: int = 36
    aligned: bool = False
    lesion_class: str | None = None
    examination: Examination | None = None
    deformation_mm: float = 0.0
    varied: bool = False

    def __post_init__(self) -> None:
        if not 48 <= self.matrix <= 512:
            raise PlanError(f"A phantom cannot have a matrix of {self.matrix}.", remedy="Use 48 to 512.")
        if not 12 <= self.slices <= 100:
            raise PlanError(f"A phantom cannot have {self.slices} slices.", remedy="Use 12 to 100.")
        if not 0 <= self.deformation_mm <= MAX_DEFORMATION_MM:
            raise PlanError(
                f"A phantom cannot be bent by {self.deformation_mm:g} mm.",
                remedy=f"Use 0 to {MAX_DEFORMATION_MM:g}.",
            )
        if self.lesion_class is not None and self.lesion_class not in SUBTYPES:
            raise PlanError(
                f"Unknown lesion class: {self.lesion_class}.", remedy=f"One of: {', '.join(SUBTYPES)}."
            )

    @property
    def spacing_xyz_mm(self) -> tuple[float, float, float]:
        pixel = FIELD_OF_VIEW_MM / self.matrix
        return (pixel, pixel, SLICE_MM)


def training(
    *, matrix: int = 192, slices: int = 36, aligned: bool = False, lesion_class: str | None = None
) -> PhantomParameters:
    """Phantoms to learn from."""
    return PhantomParameters(TRAINING, "training", matrix, slices, aligned, lesion_class)


def evaluation(
    *, matrix: int = 192, slices: int = 36, aligned: bool = False, lesion_class: str | None = None
) -> PhantomParameters:
    """Phantoms to be judged on: every span lies outside the training span."""
    return PhantomParameters(EVALUATION, "evaluation", matrix, slices, aligned, lesion_class)


def varied(
    *, matrix: int = 192, slices: int = 36, aligned: bool = False, lesion_class: str | None = None
) -> PhantomParameters:
    """Phantoms to learn organs from: the training spans, in bodies that keep to no textbook."""
    return PhantomParameters(TRAINING, "varied", matrix, slices, aligned, lesion_class, varied=True)
