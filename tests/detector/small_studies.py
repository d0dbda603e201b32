"""Studies small enough to train on in seconds: a grey liver with spheres whose HU by phase is their class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from detector.contracts import Progress, StudyImages, TrainingResult
from detector.data.cases import Case, Mark, write_cases
from detector.geometry import Box3D, VolumeGeometry
from detector.registry import family
from detector.volume import Volume, write_volume

GEOMETRY = VolumeGeometry((12, 72, 80), (2.0, 2.0, 5.0), (-70.0, -90.0, 300.0))
LIVER_HU = 100
CLASS_HU = {
    "hcc": {"non_contrast": 90, "arterial": 170, "portal_venous": 70, "delayed": 60},
    "icc": {"non_contrast": 90, "arterial": 60, "portal_venous": 70, "delayed": 170},
    "metastasis": {"non_contrast": 60, "arterial": 40, "portal_venous": 30, "delayed": 40},
    "benign": {"non_contrast": 90, "arterial": 160, "portal_venous": 180, "delayed": 170},
}
PHASES = ("non_contrast", "arterial", "portal_venous", "delayed")


def sphere_box(centre_xyz_mm: Sequence[float], diameter_mm: float) -> Box3D:
    half = diameter_mm / 2
    return Box3D(
        tuple(c - half for c in centre_xyz_mm),  # type: ignore[arg-type]
        tuple(c + half for c in centre_xyz_mm),  # type: ignore[arg-type]
    )


def study_with(
    spheres: Sequence[tuple[Box3D, Mapping[str, float]]], *, phases: Sequence[str] = PHASES, seed: int = 0
) -> StudyImages:
    """A liver that fills the volume, with each box's ellipsoid at its HU by phase, and a little noise."""
    rng = np.random.default_rng(seed)
    z, y, x = np.meshgrid(*(np.arange(n) for n in GEOMETRY.shape_zyx), indexing="ij")
    ox, oy, oz = GEOMETRY.origin_xyz_mm
    sx, sy, sz = GEOMETRY.spacing_xyz_mm
    points = np.stack([ox + x * sx, oy + y * sy, oz + z * sz], axis=-1)
    volumes = {}
    for phase in phases:
        hu = LIVER_HU + rng.normal(0, 5, GEOMETRY.shape_zyx)
        for box, by_phase in spheres:
            inside = (((points - box.centre_mm) / (np.array(box.size_mm) / 2)) ** 2).sum(-1) <= 1
            hu[inside] = by_phase[phase] + rng.normal(0, 5, int(inside.sum()))
        volumes[phase] = Volume(hu.round().astype(np.int16), GEOMETRY)
    return StudyImages(volumes, "portal_venous", np.ones(GEOMETRY.shape_zyx, np.uint8))


def write_cohort(
    folder: Path, classes: Sequence[str], *, negatives: bool = False, satellites: bool = False
) -> Path:
    """One study a class name, with a primary lesion of it; returns the case list's path.

    `negatives` adds a rejected box on plain liver, `satellites` a second, smaller lesion.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for number, name in enumerate(classes):
        rng = np.random.default_rng(number)
        box = sphere_box((rng.uniform(-10, 40), rng.uniform(-60, -20), 326), 30)
        marks = [Mark(lo=box.lo, hi=box.hi, primary=True)]
        spheres = [(box, CLASS_HU[name])]
        if satellites:
            small = sphere_box((box.centre_mm[0], box.centre_mm[1] - 35, 326), 16)
            spheres.append((small, CLASS_HU[name]))
            marks.append(Mark(lo=small.lo, hi=small.hi))
        if negatives:
            plain = sphere_box((-45, 20, 326), 24)
            marks.append(Mark(lo=plain.lo, hi=plain.hi, role="negative"))
        study = study_with(spheres, seed=number)
        images = {}
        for phase, volume in study.volumes.items():
            write_volume(volume, folder / f"{number}-{phase}.npy")
            images[phase] = f"{number}-{phase}.npy"
        write_volume(Volume(np.asarray(study.liver), GEOMETRY), folder / f"{number}-liver.npy")
        cases.append(
            Case(
                study=f"study-{number}",
                subject=f"subject-{number}",
                reference_phase="portal_venous",
                images=images,
                liver=f"{number}-liver.npy",
                lesion_class=name,
                marks=tuple(marks),
            )
        )
    write_cases(cases, folder / "cases.json")
    return folder / "cases.json"


def train_quickly(
    system: str,
    folder: Path,
    classes: Sequence[str],
    plan: Mapping[str, object],
    tell: Callable[[Progress], None] = lambda _: None,
) -> TrainingResult:
    """A family of size tiny, with values of its plan replaced, learnt from a cohort that it is judged on."""
    cases = write_cohort(folder / "cohort", classes)
    trainer = family(system).trainer()
    return trainer.train(
        cases,
        folder / "out",
        size="tiny",
        overrides=plan,
        gold=cases,
        initial_weights=None,
        on_progress=tell,
    )
