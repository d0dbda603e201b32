"""A small archive as a hospital would hand it over: NIfTI folders of two phases, with truth beside them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from detector.geometry import VolumeGeometry
from detector.phantom.write import write_nifti
from detector.volume import Volume

GEOMETRY = VolumeGeometry((12, 40, 44), (2.5, 2.5, 5.0), (-50.0, -40.0, -30.0))
LESION = {"lo": [-10.5, -10.25, -5.0], "hi": [10.125, 5.0, 10.0], "lesion_class": "hcc", "primary": True}


def write_study(
    folder: Path,
    *,
    seed: int,
    subject: str = "",
    names: tuple[str, ...] = ("arterial", "portal_venous"),
    truth: bool = True,
) -> Path:
    """Writes a body with a blob in it and its mask; each seed and phase has voxels of its own."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    z, y, x = np.indices(GEOMETRY.shape_zyx)
    body = ((y - 20) / 16) ** 2 + ((x - 22) / 18) ** 2 < 1
    blob = ((z - 6) / 4) ** 2 + ((y - 17) / 8) ** 2 + ((x - 17) / 8) ** 2 < 1
    for number, name in enumerate(names):
        voxels = np.where(body, 40 + 30 * number + 40 * blob, -1000) + rng.integers(-5, 6, body.shape)
        write_nifti(Volume(voxels.astype(np.int16), GEOMETRY), folder / f"{name}.nii.gz")
    write_nifti(Volume(body.astype(np.uint8), GEOMETRY), folder / "liver.nii.gz")
    if truth:
        said = {
            "reference_phase": "portal_venous",
            "subject": subject or f"Person {seed}",
            "lesion_class": "hcc",
            "lesions": [LESION],
        }
        (folder / "truth.json").write_text(json.dumps(said))
    return folder
