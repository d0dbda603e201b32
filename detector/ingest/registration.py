"""Rigid registration of one phase to the reference phase: six parameters, Mattes mutual information.

Phases of one examination share the scanner's frame and differ by breath; so the search starts at identity
(or, where the scans hardly overlap, at coinciding centres), stays small, and its result is kept only if it
makes the phases more alike.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from detector.geometry import intersection_mm3
from detector.ingest.canonical import AIR_HU
from detector.ingest.images import to_image
from detector.volume import Volume

THREADS = 2
_COARSE_MM = 3.0
_WINDOW_HU = (-160.0, 300.0)
_BINS = 32
_SAMPLES = 0.1
_SEED = 1
_MAX_SHIFT_MM = 60.0
_MAX_TURN_DEG = 15.0
_MARGIN_MM = 15.0
_MIN_REGION_VOXELS = 2000


def register_rigid(
    moving: Volume, fixed: Volume, region: npt.NDArray[np.uint8] | None = None
) -> tuple[Volume, dict[str, Any]]:
    """Brings `moving` onto the grid of `fixed`.

    Args:
        moving, fixed: int16 HU.
        region: (Z, Y, X) mask on the fixed grid to be alike in, the liver for preference; with a margin of
            15 mm. None takes the whole body.
    Returns:
        The moving phase on the fixed grid, -1024 outside what was scanned, and its quality: method (rigid
        or identity), translation_mm (of the region's centre), rotation_deg, similarity_before and
        similarity_after (mutual information in nats, higher is more alike), note.
    """
    fixed_image, moving_image = to_image(fixed), to_image(moving)
    coarse_fixed, coarse_moving = _coarse(fixed_image), _coarse(moving_image)
    mask = _region_image(fixed, region, coarse_fixed)
    start = _start(moving, fixed, coarse_moving, coarse_fixed, mask)
    identity = sitk.Euler3DTransform(start)
    identity.SetIdentity()
    before = _similarity(coarse_fixed, coarse_moving, mask, identity)
    found, note = identity, ""
    after = before
    try:
        candidate = _search(coarse_fixed, coarse_moving, mask, start)
        shift, turn = _movement(candidate)
        reached = _similarity(coarse_fixed, coarse_moving, mask, candidate)
        if shift > _MAX_SHIFT_MM + _norm(start.GetTranslation()) or turn > _MAX_TURN_DEG:
            note = "The search ended implausibly far away; the scanner's own frame is used."
        elif reached <= before:
            note = "No movement makes the phases more alike; the scanner's own frame is used."
        else:
            found, after = candidate, reached
    except RuntimeError:
        note = "The phases hardly overlap; the scanner's own frame is used."
    out = sitk.Resample(moving_image, fixed_image, found, sitk.sitkLinear, AIR_HU, sitk.sitkInt16)
    shift, turn = _movement(found)
    quality = {
        "method": "identity" if found is identity else "rigid",
        "translation_mm": round(shift, 3),
        "rotation_deg": round(turn, 3),
        "similarity_before": round(before, 5),
        "similarity_after": round(after, 5),
        "note": note,
    }
    return Volume(sitk.GetArrayFromImage(out), fixed.geometry), quality


def _coarse(image: sitk.Image) -> sitk.Image:
    factors = [max(1, round(_COARSE_MM / s)) for s in image.GetSpacing()]
    window = sitk.Clamp(sitk.Cast(image, sitk.sitkFloat32), sitk.sitkFloat32, *_WINDOW_HU)
    return sitk.BinShrink(window, factors)


def _region_image(fixed: Volume, region: npt.NDArray[np.uint8] | None, coarse: sitk.Image) -> sitk.Image:
    """Where the metric looks: the region with a margin, else the body, on the coarse grid."""
    if region is not None and region.any():
        whole = to_image(Volume(np.asarray(region, dtype=np.uint8), fixed.geometry))
        inside = sitk.Resample(whole, coarse, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
        radius = [max(1, round(_MARGIN_MM / s)) for s in coarse.GetSpacing()]
        inside = sitk.BinaryDilate(inside, radius, sitk.sitkBall, 0, 1)
        if int(sitk.GetArrayViewFromImage(inside).sum()) >= _MIN_REGION_VOXELS:
            return inside
    body = sitk.GetArrayViewFromImage(coarse) > _WINDOW_HU[0] + 10
    body = ndimage.binary_opening(body, iterations=1)
    inside = sitk.GetImageFromArray(body.astype(np.uint8) if body.any() else np.ones_like(body, np.uint8))
    inside.CopyInformation(coarse)
    return inside


def _start(
    moving: Volume, fixed: Volume, coarse_moving: sitk.Image, coarse_fixed: sitk.Image, mask: sitk.Image
) -> sitk.Euler3DTransform:
    start = sitk.Euler3DTransform()
    index = np.argwhere(sitk.GetArrayViewFromImage(mask) > 0).mean(axis=0)[::-1]
    start.SetCenter(coarse_fixed.TransformContinuousIndexToPhysicalPoint([float(i) for i in index]))
    a, b = moving.geometry.extent, fixed.geometry.extent
    if intersection_mm3(a, b) < 0.3 * min(a.volume_mm3, b.volume_mm3):
        start.SetTranslation([p - q for p, q in zip(a.centre_mm, b.centre_mm, strict=True)])
    return start


def _method(mask: sitk.Image, share: float) -> sitk.ImageRegistrationMethod:
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(THREADS)
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricFixedMask(mask)
    method.SetMetricSamplingStrategy(method.RANDOM if share < 1 else method.NONE)
    method.SetMetricSamplingPercentage(share, _SEED)
    method.SetInterpolator(sitk.sitkLinear)
    return method


def _search(
    fixed: sitk.Image, moving: sitk.Image, mask: sitk.Image, start: sitk.Euler3DTransform
) -> sitk.Euler3DTransform:
    method = _method(mask, _SAMPLES)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=4.0, minStep=0.02, numberOfIterations=40, relaxationFactor=0.5,
        gradientMagnitudeTolerance=1e-6,
    )  # fmt: skip
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([4.0, 1.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(sitk.Euler3DTransform(start), inPlace=False)
    return sitk.Euler3DTransform(method.Execute(fixed, moving).GetNthTransform(0))


def _similarity(
    fixed: sitk.Image, moving: sitk.Image, mask: sitk.Image, transform: sitk.Euler3DTransform
) -> float:
    method = _method(mask, 1.0)
    method.SetInitialTransform(transform, inPlace=True)
    try:
        return -float(method.MetricEvaluate(fixed, moving))
    except RuntimeError:  # no sample of the region falls into the moving scan
        return 0.0


def _norm(vector: tuple[float, ...]) -> float:
    return math.sqrt(sum(v * v for v in vector))


def _movement(transform: sitk.Euler3DTransform) -> tuple[float, float]:
    matrix = np.array(transform.GetMatrix()).reshape(3, 3)
    turn = math.degrees(math.acos(float(np.clip((np.trace(matrix) - 1) / 2, -1, 1))))
    return _norm(transform.GetTranslation()), turn
