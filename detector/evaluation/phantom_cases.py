"""Phantom studies as a case list of registered volumes, without the minutes that real registration takes.

What registration and the liver finder leave wrong in practice is put back at random: phases lie a little
beside each other, and the liver mask is now and then too large, or missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, distance_transform_edt, shift

from detector.data.cases import Case, Mark, write_cases
from detector.phantom.cohort import member
from detector.phantom.generate import PhantomStudy
from detector.phantom.parameters import REFERENCE_PHASE, Cohort
from detector.volume import Volume, write_volume

CASES_NAME = "cases.json"
VISIBLE_HU = 10.0  # about one standard deviation of the phantoms' noise


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Standard deviations of the shift left between phases, and how wrong the liver mask is.

    `mask_extra_mm` is the farthest a wrong part of the mask reaches past the liver on a side, found in half
    of the studies; `no_mask` the share of studies without a mask.
    """

    inplane_mm: float = 1.5
    along_z_mm: float = 1.5
    mask_extra_mm: float = 40.0
    no_mask: float = 0.1


def _displaced(volume: Volume, sd_zyx_mm: npt.NDArray[np.float64], rng: np.random.Generator) -> Volume:
    spacing = np.array(volume.geometry.spacing_xyz_mm[::-1])
    voxels = rng.normal(0, sd_zyx_mm) / spacing
    moved = shift(volume.array_zyx.astype(np.float32), voxels, order=1, mode="nearest")
    return Volume(np.rint(moved).astype(np.int16), volume.geometry)


def _spoilt(mask: Volume, disturbance: Disturbance, rng: np.random.Generator) -> Volume:
    """The mask grown by up to two voxels, half of the time with a wrong part beyond one or more sides."""
    grown = np.asarray(mask.array_zyx, dtype=bool)
    grown = binary_dilation(grown, iterations=int(rng.integers(1, 3)))
    if rng.random() < 0.5:
        spacing = np.array(mask.geometry.spacing_xyz_mm[::-1])
        filled = np.argwhere(grown)
        low, high = filled.min(axis=0), filled.max(axis=0) + 1
        reach = rng.uniform(0, disturbance.mask_extra_mm, (2, 3)) * (rng.random((2, 3)) < 0.5) / spacing
        low = np.maximum(low - reach[0], 0).astype(int)
        high = np.minimum(high + reach[1], grown.shape).astype(int)
        # Two opposite corners are enough to make the mask's box as large as a wrong part would.
        grown[tuple(low)] = True
        grown[tuple(high - 1)] = True
    return Volume(grown.astype(np.uint8), mask.geometry)


def absent_phases(study: PhantomStudy, label: int) -> tuple[str, ...]:
    """Phases in which a lesion cannot be told from the liver around it: neither its rim nor its core differs
    by VISIBLE_HU from the ring outside it."""
    inside = np.asarray(study.labels.array_zyx) == label
    spacing = study.geometry.spacing_xyz_mm[::-1]
    depth = distance_transform_edt(inside, sampling=spacing)
    ring = binary_dilation(inside, iterations=3) & ~binary_dilation(inside)
    ring &= (np.asarray(study.liver.array_zyx) > 0) & (np.asarray(study.labels.array_zyx) == 0)
    parts = [inside & (depth > depth.max() / 2), inside & (depth <= depth.max() / 2)]
    absent = []
    for phase, volume in study.volumes.items():
        hu = np.asarray(volume.array_zyx, dtype=np.float32)
        around = float(np.median(hu[ring])) if ring.any() else 0.0
        if all(abs(float(hu[part].mean()) - around) < VISIBLE_HU for part in parts if part.any()):
            absent.append(phase)
    return tuple(absent)


def _write_study(
    study: PhantomStudy, name: str, subject: str, folder: Path, disturbance: Disturbance
) -> Case:
    rng = np.random.default_rng([study.seed, 1])
    (folder / name).mkdir(parents=True, exist_ok=True)
    sd = np.array([disturbance.along_z_mm, disturbance.inplane_mm, disturbance.inplane_mm])
    images = {}
    for phase, volume in study.volumes.items():
        kept = volume if phase == REFERENCE_PHASE else _displaced(volume, sd, rng)
        images[phase] = f"{name}/{phase}.npy"
        write_volume(kept, folder / images[phase])
    liver = None
    if rng.random() >= disturbance.no_mask:
        liver = f"{name}/liver.npy"
        write_volume(_spoilt(study.liver, disturbance, rng), folder / liver)
    return Case(
        study=name,
        subject=subject,
        reference_phase=REFERENCE_PHASE,
        images=images,
        liver=liver,
        lesion_class=study.lesion_class,
        marks=tuple(
            Mark(
                lo=m.box.lo,
                hi=m.box.hi,
                primary=m.primary,
                lesion_class=m.lesion_class,
                absent_phases=absent_phases(study, m.label),
            )
            for m in study.lesions
        ),
    )


def write_phantom_cases(
    folder: Path,
    *,
    cohort: Cohort,
    studies: int,
    seed: int,
    matrix: int = 160,
    slices: int = 36,
    first: int = 1,
    difficulty: float | None = None,
    disturbance: Disturbance | None = None,
) -> list[Case]:
    """Writes studies `first`.. of a phantom cohort and `folder`/cases.json; the cases have relative paths.

    Equal arguments write equal bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for number in range(first, first + studies):
        name, subject, study = member(
            seed, number, cohort, matrix=matrix, slices=slices, aligned=True, difficulty=difficulty
        )
        cases.append(_write_study(study, name, subject, folder, disturbance or Disturbance()))
    write_cases(cases, folder / CASES_NAME)
    return cases
