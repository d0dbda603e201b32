"""Synthetic lesions in the unmarked livers of an installation's own scans: a first detector's teachers.

A lesion takes its shape and its enhancement from the phantoms, measured against this very liver in each
phase, and its noise from the scan: the slow part of the image below it is exchanged, the fast part stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, find_objects, gaussian_filter

from detector.contracts import StudyImages
from detector.data.cases import Mark
from detector.errors import PhaseError, PlanError
from detector.geometry import VolumeGeometry, VoxelBox
from detector.phantom.enhancement import Haemodynamics
from detector.phantom.layers import Array, Grid
from detector.phantom.lesions import Surroundings
from detector.phantom.liver import Liver
from detector.phantom.parameters import LESION_CLASSES, PHASES, SUBTYPES
from detector.phantom.placement import Blob, Spot, find_spot, lesion
from detector.phantom.regions import draw_regions
from detector.volume import Volume

# Middles of the spans that phases are taken in, s after injection.
_SECONDS = {"non_contrast": 0.0, "arterial": 36.0, "portal_venous": 70.0, "delayed": 180.0}
_SMALLEST_MM, _LARGEST_MM = 6.0, 70.0
_SLOW_MM = 3.0  # what is wider than this below a lesion is exchanged
_SOFT_MM = 1.5  # of a lesion's edge, as of a scanner's


@dataclass(frozen=True)
class MeasuredBlood(Haemodynamics):
    """The usual timing and dose, but the liver as it was measured; phases that are not there as usual."""

    liver_by_phase: Mapping[str, float] | None = None

    def hu(self, tissue: str) -> dict[str, float]:
        usual = super().hu(tissue)
        return usual | dict(self.liver_by_phase or {}) if tissue == "liver" else usual


@dataclass(frozen=True)
class Inserted:
    """The study with its lesions, and their marks; of none where the liver has no room."""

    volumes: dict[str, Volume]
    marks: tuple[Mark, ...]


def insert_lesions(study: StudyImages, *, most: int, difficulty: float, rng: np.random.Generator) -> Inserted:
    """One to `most` lesions of one class in the study's liver, the largest first and primary.

    Sizes are 6 to 70 mm, evenly on a log scale, and shrink to what fits; subtypes vary as phantoms of that
    `difficulty` in [0, 1] do. Equal input and generator give equal volumes.

    Raises:
        PlanError: the study has no liver mask.
        PhaseError: an image of none of the four phases of CT.
    """
    if study.liver is None or not study.liver.any():
        raise PlanError("A study without a liver has no place for lesions.", remedy="Prepare it first.")
    if set(study.volumes) - set(PHASES):
        raise PhaseError("Lesions are known in the four phases of CT alone.")
    geometry = study.geometry
    grid, liver = _grid(geometry), _liver(study.liver, geometry)
    measured = {p: _typical(v, study.liver) for p, v in study.volumes.items()}
    blood = MeasuredBlood(_SECONDS, 1.0, measured.get("non_contrast", 57.0), liver_by_phase=measured)
    around = Surroundings(blood, float(rng.uniform(0.7, 1.2)))
    kinds = SUBTYPES[LESION_CLASSES[int(rng.integers(len(LESION_CLASSES)))]]
    kind = kinds[int(rng.integers(len(kinds)))]
    levels = (float(grid.z[0]), float(grid.z[-1]))
    blobs: list[Blob] = []
    taken: list[Spot] = []
    largest = float(np.exp(rng.uniform(np.log(_SMALLEST_MM * 1.5), np.log(_LARGEST_MM))))
    for number in range(int(rng.integers(1, most + 1))):
        wanted = largest if number == 0 else float(rng.uniform(0.3, 0.8)) * largest
        longest = float(rng.uniform(1.0, 1.5))
        size = max(wanted, _SMALLEST_MM)
        place = find_spot(grid, liver, size, longest ** (2 / 3), levels, taken, rng, smallest_mm=_SMALLEST_MM)
        if place is None:
            break
        centre, fitting = place
        regions = draw_regions(kind, difficulty, rng)
        rough = float(rng.uniform(0.03, 0.12))
        blobs.append(lesion(grid, centre, fitting, longest, rough, kind, around, rng, regions))
        taken.append(Spot(centre, fitting))
    volumes = {phase: _with(volume, blobs, phase) for phase, volume in study.volumes.items()}
    return Inserted(volumes, _marks(blobs, geometry))


def _grid(geometry: VolumeGeometry) -> Grid:
    z, y, x = (
        (origin + spacing * np.arange(n)).astype(np.float32)
        for origin, spacing, n in zip(
            geometry.origin_xyz_mm[::-1], geometry.spacing_xyz_mm[::-1], geometry.shape_zyx, strict=True
        )
    )
    return Grid(z, y, x)


def _liver(mask: npt.NDArray[np.uint8], geometry: VolumeGeometry) -> Liver:
    """The mask as phantoms have their liver: its distance to the surface, negative inside."""
    (window,) = find_objects((mask > 0).astype(np.uint8))
    inside = np.pad(mask[window] > 0, 1)
    depth = distance_transform_edt(inside, sampling=geometry.spacing_xyz_mm[::-1])[1:-1, 1:-1, 1:-1]
    return Liver(window, -depth.astype(np.float32), (depth > 0).astype(np.float32))


def _typical(volume: Volume, liver: npt.NDArray[np.uint8]) -> float:
    """The HU of most of the liver: its median is not moved by vessels, nor by lesions that nobody marked."""
    return float(np.median(np.asarray(volume.array_zyx)[liver > 0]))


def _with(volume: Volume, blobs: list[Blob], phase: str) -> Volume:
    image = np.asarray(volume.array_zyx, np.float32).copy()
    _, y_mm, x_mm = volume.geometry.spacing_xyz_mm[::-1]
    for blob in blobs:
        part = image[blob.window]
        slow = gaussian_filter(part, (0, _SLOW_MM / y_mm, _SLOW_MM / x_mm))
        weight = _soft(blob.weight, (y_mm, x_mm))
        part += weight * (blob.layer.hu[phase] - slow)
    return Volume(np.rint(image).clip(-1024, 32767).astype(np.int16), volume.geometry)


def _soft(weight: Array, pixel_mm: tuple[float, float]) -> Array:
    soft: Array = gaussian_filter(weight, (0, _SOFT_MM / pixel_mm[0] / 2, _SOFT_MM / pixel_mm[1] / 2))
    return soft


def _marks(blobs: list[Blob], geometry: VolumeGeometry) -> tuple[Mark, ...]:
    """Boxes on the outer faces of each lesion's voxels, classes by subtype; the largest is primary."""
    boxes = []
    for blob in blobs:
        filled = find_objects((blob.weight >= 0.5).astype(np.uint8))[0]
        first = [w.start + f.start for w, f in zip(blob.window, filled, strict=True)]
        last = [w.start + f.stop for w, f in zip(blob.window, filled, strict=True)]
        lo, hi = ((float(e[0]), float(e[1]), float(e[2])) for e in (first, last))
        boxes.append(geometry.box_from_voxels(VoxelBox(lo, hi)))
    largest = max(range(len(boxes)), key=lambda i: boxes[i].volume_mm3, default=None)
    class_of = {kind: name for name, kinds in SUBTYPES.items() for kind in kinds}
    return tuple(
        Mark(lo=box.lo, hi=box.hi, primary=i == largest, lesion_class=class_of[blob.kind])
        for i, (box, blob) in enumerate(zip(boxes, blobs, strict=True))
    )
