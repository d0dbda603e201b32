"""HU of the liver, the spleen and the kidneys without a model: the commonest level of even tissue in the
part of the body where each lies. No outline is needed to tell a phase, and none is claimed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from detector.phaseid.body import Body, Bools
from detector.phaseid.coarse import Floats

_BONE_HU = 150.0
_WALL_MM = 22.0  # skin, muscle and ribs are shallower than this
_EVEN_MM = 9.0
_EVEN_HU = 12.0
_LIVER_HU = (5.0, 260.0)
_SPLEEN_HU = (22.0, 300.0)
_KIDNEY_HU = (15.0, 380.0)
_LEAST_ML = {"liver": 60.0, "spleen": 12.0, "kidney": 25.0}

Spacing = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Kidneys:
    """HU of the brighter parts, and how much brighter they are than the darker ones (HU)."""

    hu: float
    cortex: float


@dataclass(frozen=True)
class Field:
    """Everything the searches share: smoothed HU, its local mean and spread, millimetres from the midline
    (to the left) and in front of the spine's middle, both (Z, Y, X)."""

    smooth: Floats
    mean: Floats
    spread: Floats
    left_mm: npt.NDArray[np.float64]
    front_mm: npt.NDArray[np.float64]
    depth_mm: Floats
    voxel_ml: float


def make_field(smooth: Floats, spacing: Spacing, body: Body) -> Field:
    """Works out the shared maps once a series."""
    size = (1, *(max(3, round(_EVEN_MM / s) | 1) for s in spacing[1:]))
    mean = ndimage.uniform_filter(smooth, size)
    spread = np.sqrt(np.maximum(ndimage.uniform_filter(smooth**2, size) - mean**2, 0))
    x = (np.arange(smooth.shape[2]) - body.spine_x[:, None]) * spacing[2]
    y = (body.spine_y[:, None] - np.arange(smooth.shape[1])) * spacing[1]
    shape = smooth.shape
    return Field(
        smooth,
        mean,
        spread,
        np.broadcast_to(x[:, None, :], shape),
        np.broadcast_to(y[:, :, None], shape),
        body.depth_mm,
        float(np.prod(spacing)) / 1000,
    )


def liver_level(field: Field) -> float | None:
    """HU of the even tissue that prevails deep in the patient's right."""
    where = (field.left_mm < -15) & (field.depth_mm > _WALL_MM)
    # The kidney lies on the right, too, but behind the spine's middle.
    even = where & (field.front_mm > 0) & (field.spread < _EVEN_HU) & _between(field.mean, _LIVER_HU)
    return _level(field, even, 15, _LEAST_ML["liver"])


def liver_slice(field: Field, level: float) -> int:
    """The slice with most of the liver: the one to show to a person."""
    where = (field.left_mm < -15) & (field.depth_mm > _WALL_MM)
    even = where & (field.front_mm > 0) & (field.spread < _EVEN_HU) & (np.abs(field.mean - level) < 15)
    return int(np.argmax(even.sum(axis=(1, 2))))


def spleen_level(field: Field) -> float | None:
    """HU of the tissue that prevails far on the left and behind; it may be mottled."""
    where = (field.left_mm > 45) & (field.front_mm < 70) & (field.depth_mm > _WALL_MM - 6)
    soft = where & (field.spread < 2.2 * _EVEN_HU) & _between(field.mean, _SPLEEN_HU)
    return _level(field, soft, 30, _LEAST_ML["spleen"])


def _level(field: Field, where: Bools, width_hu: float, least_ml: float) -> float | None:
    level = _mode(field.mean[where])
    if level is None:
        return None
    near = where & (np.abs(field.mean - level) < width_hu)
    return level if float(near.sum()) * field.voxel_ml >= least_ml else None


def kidney_levels(field: Field) -> Kidneys | None:
    """The brightest 25 ml of the tissue beside the spine, and the spread of what is nearly as bright."""
    beside = _between(np.abs(field.left_mm), (28, 75)) & _between(field.front_mm, (-25, 32))
    where = beside & (field.depth_mm > _WALL_MM) & ~_skeleton(field)
    tissue = ndimage.binary_opening(where & _between(field.smooth, _KIDNEY_HU), np.ones((1, 3, 3)))
    count = int(_LEAST_ML["kidney"] / field.voxel_ml)
    if tissue.sum() < 2 * count:
        return None
    values = field.mean[tissue]
    bright = float(np.mean(np.partition(values, -count)[-count:]))
    region = tissue & (field.mean > bright - 40)
    inside = field.smooth[region]
    return Kidneys(bright, float(np.percentile(inside, 90) - np.percentile(inside, 20)))


def _skeleton(field: Field) -> Bools:
    """Bright pieces that reach the spine or the body wall, and what their blur lights up; an enhanced
    kidney lies apart from both."""
    bright = field.smooth > _BONE_HU
    cross = np.zeros((3, 3, 3), bool)  # neighbours within the slice alone
    cross[1] = ndimage.generate_binary_structure(2, 1)
    labels, count = ndimage.label(bright, cross)
    anchored = bright & (
        (np.abs(field.left_mm) < 22) & (field.front_mm < 30) | (field.depth_mm < _WALL_MM - 4)
    )
    hit = np.bincount(labels[anchored], minlength=count + 1) > 0
    hit[0] = False
    return np.asarray(ndimage.binary_dilation(hit[labels], cross, iterations=3))


def _between(values: npt.NDArray[np.floating], span: tuple[float, float]) -> Bools:
    return np.asarray((values > span[0]) & (values < span[1]))


def _mode(values: Floats) -> float | None:
    """The commonest value, by a histogram of 3 HU smoothed over 6 HU, refined by the median near it."""
    if values.size < 50:
        return None
    edges = np.arange(values.min() - 12, values.max() + 15, 3.0)
    counts = ndimage.gaussian_filter1d(np.histogram(values, bins=edges)[0].astype(float), 2.0)
    at = edges[int(np.argmax(counts))] + 1.5
    return float(np.median(values[np.abs(values - at) < 12]))
