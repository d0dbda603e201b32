"""How alike two phases are in the liver: mutual information on a coarse grid.

It says how well the HU of one phase foretell those of the other, so that contrast medium does not matter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from detector.images import to_image
from detector.registration.transform import Transform
from detector.volume import Volume

WINDOW_HU = (-160.0, 300.0)
_COARSE_MM = 3.0
_BINS = 32
_MARGIN_MM = 15.0
_MIN_REGION_VOXELS = 2000
_MIN_SHARE = 0.2
_OUTSIDE = -5000.0


def shrunk(volume: Volume, spacing_mm: float, *, up: bool = True) -> sitk.Image:
    """The volume in the window as float32, averaged to a spacing: the nearest to it (`up`) or at most."""
    image = to_image(volume)
    turn = round if up else int
    factors = [max(1, turn(spacing_mm / s)) for s in image.GetSpacing()]
    window = sitk.Clamp(sitk.Cast(image, sitk.sitkFloat32), sitk.sitkFloat32, *WINDOW_HU)
    return sitk.BinShrink(window, factors)


class Comparison:
    """The fixed phase, coarse, and where in it phases are compared.

    `region` is a (Z, Y, X) mask on the fixed grid, the liver for preference, taken with a margin of 15 mm;
    None, or one too small to compare in, takes the whole body.
    """

    def __init__(self, fixed: Volume, region: npt.NDArray[np.uint8] | None) -> None:
        self.fixed = shrunk(fixed, _COARSE_MM)
        self.mask = _region_image(fixed, region, self.fixed)
        self._inside = sitk.GetArrayFromImage(self.mask) > 0
        self._values = sitk.GetArrayFromImage(self.fixed)[self._inside]

    @staticmethod
    def coarse(moving: Volume) -> sitk.Image:
        """The other phase as `similarity` takes it."""
        return shrunk(moving, _COARSE_MM)

    @property
    def centre_mm(self) -> tuple[float, float, float]:
        """The middle of the region."""
        index = np.argwhere(self._inside).mean(axis=0)[::-1]
        return tuple(self.fixed.TransformContinuousIndexToPhysicalPoint([float(i) for i in index]))

    def similarity(self, moving: sitk.Image, transform: Transform) -> float:
        """Mutual information in nats of what the region and its image under the transform show; 0 where less
        than a fifth of the region was scanned in the other phase."""
        moved = sitk.Resample(
            moving, self.fixed, transform.to_itk(), sitk.sitkLinear, _OUTSIDE, sitk.sitkFloat32
        )
        values = sitk.GetArrayFromImage(moved)[self._inside]
        seen = values >= WINDOW_HU[0]
        if seen.mean() < _MIN_SHARE:
            return 0.0
        return mutual_information(self._values[seen], values[seen])


def mutual_information(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Of two equally long lists of HU, in nats, from a joint histogram of 32 x 32 bins; at least 0."""
    counts, _, _ = np.histogram2d(a, b, bins=_BINS, range=(WINDOW_HU, WINDOW_HU))
    joint = counts / counts.sum()
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / apart[there])).sum())


def _region_image(fixed: Volume, region: npt.NDArray[np.uint8] | None, coarse: sitk.Image) -> sitk.Image:
    """Where phases are compared: the region with a margin, else the body, on the coarse grid."""
    if region is not None and region.any():
        whole = to_image(Volume(np.asarray(region, dtype=np.uint8), fixed.geometry))
        inside = sitk.Resample(whole, coarse, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
        radius = [max(1, round(_MARGIN_MM / s)) for s in coarse.GetSpacing()]
        inside = sitk.BinaryDilate(inside, radius, sitk.sitkBall, 0, 1)
        if int(sitk.GetArrayViewFromImage(inside).sum()) >= _MIN_REGION_VOXELS:
            return inside
    body = sitk.GetArrayViewFromImage(coarse) > WINDOW_HU[0] + 10
    body = ndimage.binary_opening(body, iterations=1)
    inside = sitk.GetImageFromArray(body.astype(np.uint8) if body.any() else np.ones_like(body, np.uint8))
    inside.CopyInformation(coarse)
    return inside
