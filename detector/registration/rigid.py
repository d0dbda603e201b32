"""Rigid registration: six parameters, Mattes mutual information.

Phases of one examination share the scanner's frame and differ by breath. So the search starts at identity, or
where a shift along the body makes the phases more alike (a deep breath moves a liver further than the search
reaches; the livers' centroids would say the same, but a liver is not found in every phase), or, where scans
hardly overlap, at coinciding centres. It stays small, and its result is kept only if it does good.
"""

from __future__ import annotations

from dataclasses import replace

import SimpleITK as sitk

from detector.geometry import Vector, intersection_mm3
from detector.registration.similarity import Comparison
from detector.registration.transform import Transform
from detector.volume import Volume

THREADS = 2
_BINS = 32
_SAMPLES = 0.1
_SEED = 1
_BREATHS_MM = (-60.0, -40.0, -20.0, 20.0, 40.0, 60.0)
_MAX_SHIFT_MM = 60.0
_MAX_TURN_DEG = 15.0


def find_rigid(moving: Volume, fixed: Volume, comparison: Comparison) -> tuple[Transform, str]:
    """The rigid transform that makes `moving` most like `fixed` (int16 HU) in the comparison's region, and a
    note: why it is the identity, "" where it is not."""
    coarse = comparison.coarse(moving)
    identity = Transform(centre_mm=comparison.centre_mm)
    starts = [identity, *(replace(identity, translation_mm=s) for s in _starts(moving, fixed))]
    start = max(starts, key=lambda t: comparison.similarity(coarse, t))
    try:
        found = _search(comparison, coarse, start)
    except RuntimeError:
        return identity, "The phases hardly overlap; the scanner's own frame is used."
    if found.shift_mm > _MAX_SHIFT_MM + start.shift_mm or found.turn_deg > _MAX_TURN_DEG:
        return identity, "The search ended implausibly far away; the scanner's own frame is used."
    if comparison.similarity(coarse, found) <= comparison.similarity(coarse, identity):
        return identity, "No movement makes the phases more alike; the scanner's own frame is used."
    return found, ""


def _starts(moving: Volume, fixed: Volume) -> list[Vector]:
    """Translations (x, y, z) to begin with besides none."""
    a, b = moving.geometry.extent, fixed.geometry.extent
    if intersection_mm3(a, b) >= 0.3 * min(a.volume_mm3, b.volume_mm3):
        return [(0.0, 0.0, z) for z in _BREATHS_MM]
    x, y, z = (p - q for p, q in zip(a.centre_mm, b.centre_mm, strict=True))
    return [(x, y, z)]


def _search(comparison: Comparison, moving: sitk.Image, start: Transform) -> Transform:
    initial = sitk.Euler3DTransform()
    initial.SetCenter(start.centre_mm)
    initial.SetTranslation(start.translation_mm)
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(THREADS)
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricFixedMask(comparison.mask)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(_SAMPLES, _SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=4.0, minStep=0.02, numberOfIterations=40, relaxationFactor=0.5,
        gradientMagnitudeTolerance=1e-6,
    )  # fmt: skip
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([4.0, 1.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(initial, inPlace=False)
    found = sitk.Euler3DTransform(method.Execute(comparison.fixed, moving).GetNthTransform(0))
    m = found.GetMatrix()
    return Transform((m[:3], m[3:6], m[6:]), found.GetTranslation(), found.GetCenter())
