"""What a phantom is drawn from. Training and evaluation spans share no value, so that a model judged on
evaluation phantoms meets bodies, timings, noise and lesions it cannot have learned by heart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
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


# What the spans become at difficulty 1: between it and 0 their ends move evenly.
HARD_TRAINING = replace(
    TRAINING,
    liver_hu=((40, 62),),
    contrast_strength=((0.8, 1.1),),
    arterial_s=((30, 42),),
    portal_venous_s=((62, 82),),
    noise_hu=((8, 14),),
    diameter_mm=((7.5, 50),),
    satellite_ratio=((0.3, 0.9),),
    elongation=((1.0, 1.5),),
    roughness=((0.03, 0.16),),
    lesion_contrast=((0.8, 1.15),),
)
HARD_EVALUATION = replace(
    EVALUATION,
    liver_hu=((32, 39), (63, 70)),
    contrast_strength=((0.68, 0.78), (1.12, 1.25)),
    arterial_s=((26, 29), (43, 48)),
    portal_venous_s=((55, 61), (83, 95)),
    noise_hu=((14.5, 18),),
    diameter_mm=((5, 7), (51, 80)),
    satellite_ratio=((0.25, 0.29), (0.91, 0.98)),
    elongation=((1.52, 1.8),),
    roughness=((0.165, 0.2),),
    lesion_contrast=((0.65, 0.78), (1.17, 1.3)),
)

HARD_DEFORMATION_MM = 6.0


def harder(spans: Spans, hard: Spans, difficulty: float) -> Spans:
    """Each end of each interval moved from `spans` (difficulty 0) towards `hard` (1)."""

    def moved(easy: Span, far: Span) -> Span:
        return tuple(
            (a + difficulty * (c - a), b + difficulty * (d - b))
            for (a, b), (c, d) in zip(easy, far, strict=True)
        )

    return Spans(**{f.name: moved(getattr(spans, f.name), getattr(hard, f.name)) for f in fields(Spans)})


@dataclass(frozen=True, slots=True)
class PhantomParameters:
    """Everything a phantom depends on besides its seed.

    `matrix` pixels a side of the 340 mm field of view, `slices` of 5 mm. `aligned` leaves out the breathing
    between phases. `lesion_class` None draws one; `examination` None is 120 kV and the usual circulation.
    `deformation_mm` above 0 bends every phase but the portal venous by a smooth warp of about that size
    besides the breathing; 0 leaves all else as it is drawn. `varied` lets the organs stray from the textbook
    (phantom.variety). With a `difficulty` from 0 to 1 lesions are numbers that overlap between the classes
    (phantom.regions) instead of textbook patterns, and scanners, artefacts, fat and missing phases come in
    (phantom.conditions); None is the textbook.

    Raises:
        PlanError: a grid too small to hold a liver, an unknown lesion class, or a difficulty outside 0 to 1.
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
    difficulty: float | None = None

    def __post_init__(self) -> None:
        if not 48 <= self.matrix <= 512:
            raise PlanError(f"A phantom cannot have a matrix of {self.matrix}.", remedy="Use 48 to 512.")
        if not 12 <= self.slices <= 100:
            raise PlanError(f"A phantom cannot have {self.slices} slices.", remedy="Use 12 to 100.")
        if self.difficulty is not None and not 0 <= self.difficulty <= 1:
            raise PlanError(
                f"A phantom cannot have a difficulty of {self.difficulty:g}.", remedy="Use 0 to 1."
            )
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
    *,
    matrix: int = 192,
    slices: int = 36,
    aligned: bool = False,
    lesion_class: str | None = None,
    difficulty: float | None = None,
) -> PhantomParameters:
    """Phantoms to learn from."""
    spans = TRAINING if difficulty is None else harder(TRAINING, HARD_TRAINING, difficulty)
    return PhantomParameters(
        spans,
        "training",
        matrix,
        slices,
        aligned,
        lesion_class,
        deformation_mm=0.0 if aligned or difficulty is None else HARD_DEFORMATION_MM * difficulty,
        difficulty=difficulty,
    )


def evaluation(
    *,
    matrix: int = 192,
    slices: int = 36,
    aligned: bool = False,
    lesion_class: str | None = None,
    difficulty: float | None = None,
) -> PhantomParameters:
    """Phantoms to be judged on: every span lies outside the training span of the same difficulty."""
    spans = EVALUATION if difficulty is None else harder(EVALUATION, HARD_EVALUATION, difficulty)
    return PhantomParameters(
        spans, "evaluation", matrix, slices, aligned, lesion_class, difficulty=difficulty
    )


def varied(
    *,
    matrix: int = 192,
    slices: int = 36,
    aligned: bool = False,
    lesion_class: str | None = None,
    difficulty: float | None = None,
) -> PhantomParameters:
    """Phantoms to learn organs from: the training spans, in bodies that keep to no textbook."""
    usual = training(
        matrix=matrix, slices=slices, aligned=aligned, lesion_class=lesion_class, difficulty=difficulty
    )
    return replace(usual, cohort="varied", varied=True)
