"""A study whose arterial phase lies beside the reference by a known way, as bad registrations leave one."""

from __future__ import annotations

import numpy as np

from detector.geometry import Vector, VolumeGeometry
from detector.registration.transform import Transform, write_transform
from detector.volume import AIR_HU, Volume, write_volume
from harvest import store
from harvest.models import Cohort, Study
from tests.harvest.fixtures import make_study

GRID = VolumeGeometry((12, 60, 60), (2.0, 2.0, 4.0), (-60.0, -60.0, 100.0), "2.25.1")
# The arterial phase lies three voxels to the left, two to the front and one towards the head.
WAY_MM: Vector = (6.0, -4.0, 4.0)
BACK_MM: Vector = (-6.0, 4.0, -4.0)


def make_misplaced_study(cohort: Cohort) -> Study:
    """Volumes, originals and transforms in the store; the transform is the identity."""
    study = make_study(cohort, geometry=GRID, volumes=False)
    reference, arterial = phases()
    with store.new_folder(study.store_key) as folder:
        for name in ("original", "registered", "transforms"):
            (folder / name).mkdir()
        for phase, array in {"portal_venous": reference, "arterial": arterial}.items():
            write_volume(Volume(array, GRID), folder / "original" / f"{phase}.npy")
            write_volume(Volume(array, GRID), folder / "registered" / f"{phase}.npy")
        write_transform(Transform(), folder / "transforms" / "arterial.json")
    series = study.series.get(phase="arterial")
    series.registration = {"similarity_after": 0.2, "refused": False, "flag": "loosely aligned"}
    series.save()
    return study


def phases() -> tuple[np.ndarray, np.ndarray]:
    """(portal venous, arterial) HU (Z, Y, X): blocks of tissue, and the same moved by WAY_MM in air."""
    blocks = np.random.default_rng(4).integers(0, 200, (3, 12, 12)).astype(np.int16)
    reference = np.kron(blocks, np.ones((4, 5, 5), np.int16))
    arterial = np.full_like(reference, AIR_HU)
    arterial[1:, :-2, 3:] = reference[:-1, 2:, :-3]
    return reference, arterial
