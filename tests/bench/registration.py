"""Registration against what is known: phantoms bent by a smooth warp, lesions that turn from bright to dark.

`python -m tests.bench.registration --studies 4`. The rival is greedy (`pip install picsl_greedy`), named and
left out where it is not installed. Figures are means over phases; seconds are those of a phase on one core,
resampling included.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
import torch
from scipy import ndimage

from detector.images import to_image
from detector.phantom.generate import PhantomStudy, generate
from detector.phantom.parameters import PHASES, REFERENCE_PHASE, PhantomParameters, evaluation
from detector.registration.register import register
from detector.registration.resample import resample
from detector.registration.similarity import WINDOW_HU
from detector.registration.transform import Field, Transform
from detector.volume import Volume

DEFORMATION_MM = 15.0
GREEDY = "-d 3 -threads 1 -i fixed moving -m NMI -n 100x60x20 -s 2.0vox 0.7vox -o warp"

Method = Callable[[Volume, Volume, np.ndarray], Transform]


@dataclass(frozen=True)
class Figures:
    """Of one phase: mean and 95th percentile of the target error in the liver, its mean in lesions, mm; the
    Dice of lesions; seconds."""

    liver_mm: float
    liver_p95_mm: float
    lesion_mm: float
    dice: float
    seconds: float


def identity(moving: Volume, fixed: Volume, liver: np.ndarray) -> Transform:
    transform = Transform()
    resample(moving, fixed.geometry, transform)
    return transform


def rigid(moving: Volume, fixed: Volume, liver: np.ndarray) -> Transform:
    return register(moving, fixed, liver, mode="rigid").transform


def deformable(moving: Volume, fixed: Volume, liver: np.ndarray) -> Transform:
    return register(moving, fixed, liver).transform


def greedy(moving: Volume, fixed: Volume, liver: np.ndarray) -> Transform:
    """greedy with normalised mutual information from our rigid result, on the scans' own grid."""
    from picsl_greedy import Greedy3D

    start = register(moving, fixed, liver, mode="rigid")
    images = [
        sitk.Clamp(sitk.Cast(to_image(v), sitk.sitkFloat32), sitk.sitkFloat32, *WINDOW_HU)
        for v in (fixed, start.volume)
    ]
    rival = Greedy3D()
    rival.execute(GREEDY, out=io.StringIO(), fixed=images[0], moving=images[1], warp=None)
    warp = np.moveaxis(sitk.GetArrayFromImage(rival["warp"]), -1, 0)
    transform = replace(start.transform, field=Field(warp.astype(np.float32), fixed.geometry))
    resample(moving, fixed.geometry, transform)
    return transform


def measured(study: PhantomStudy, phase: str, transform: Transform, seconds: float) -> Figures:
    """How far from its true place each point of the reference is looked for in a phase."""
    errors = {
        name: np.linalg.norm(study.in_reference(phase, transform.points(p)) - p, axis=1)
        for name, p in (
            ("liver", _points(study, study.liver.array_zyx > 0)[::20]),
            ("lesion", _points(study, study.labels.array_zyx > 0)),
        )
    }
    lesion = study.labels.array_zyx > 0
    near = ndimage.binary_dilation(lesion, iterations=8)
    there = study.in_reference(phase, transform.points(_points(study, near)))
    g = study.geometry
    index = np.rint((there - g.origin_xyz_mm) / g.spacing_xyz_mm).astype(int)[:, ::-1]
    inside = ((index >= 0) & (index < g.shape_zyx)).all(axis=1)
    moved = np.zeros(len(index), bool)
    moved[inside] = lesion[tuple(index[inside].T)]
    dice = 2 * (moved & lesion[near]).sum() / (moved.sum() + lesion.sum())
    liver = errors["liver"]
    return Figures(
        float(liver.mean()),
        float(np.percentile(liver, 95)),
        float(errors["lesion"].mean()),
        float(dice),
        seconds,
    )


def _points(study: PhantomStudy, mask: np.ndarray) -> np.ndarray:
    g = study.geometry
    return np.array(g.origin_xyz_mm) + np.argwhere(mask)[:, ::-1] * np.array(g.spacing_xyz_mm)


def methods() -> dict[str, Method]:
    """The rivals that are installed, ours among them."""
    chosen: dict[str, Method] = {
        "identity": identity, "rigid": rigid, "deformable": deformable
    }  # fmt: skip
    try:
        import picsl_greedy  # noqa: F401

        chosen["greedy NMI"] = greedy
    except ImportError:
        print("greedy is left out: picsl_greedy is not installed.")
    return chosen


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=4)
    parser.add_argument("--seed", type=int, default=4100)
    parser.add_argument("--deformation-mm", type=float, default=DEFORMATION_MM)
    arguments = parser.parse_args()
    parameters: PhantomParameters = replace(
        evaluation(lesion_class="hcc"), deformation_mm=arguments.deformation_mm
    )
    chosen = methods()
    rows: dict[str, list[Figures]] = {name: [] for name in chosen}
    for seed in range(arguments.seed, arguments.seed + arguments.studies):
        study = generate(parameters, seed)
        fixed, liver = study.volumes[REFERENCE_PHASE], study.liver.array_zyx.astype(np.uint8)
        for phase in (p for p in PHASES if p != REFERENCE_PHASE):
            for name, method in chosen.items():
                started = time.perf_counter()
                transform = method(study.volumes[phase], fixed, liver)
                seconds = time.perf_counter() - started
                rows[name].append(measured(study, phase, transform, seconds))
                print(seed, phase, name, rows[name][-1], flush=True)
    print("| method | liver TRE mm | its 95th percentile | lesion TRE mm | lesion Dice | s a phase |")
    print("|---|---|---|---|---|---|")
    for name, figures in rows.items():
        m = [np.mean([getattr(f, k) for f in figures]) for k in Figures.__dataclass_fields__]
        print(f"| {name} | {m[0]:.2f} | {m[1]:.2f} | {m[2]:.2f} | {m[3]:.3f} | {m[4]:.1f} |")


if __name__ == "__main__":
    main()
