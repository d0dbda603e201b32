"""How fast hard phantoms are made, and a page of pictures of them, beside real CT.

`python -m tests.bench.phantoms [--page DIR [--real DICOM]]`. Rates are those of `detector phantom` at 1,
with one process a core, files written. The page holds one row a study, the primary lesion's slice in every
phase, window -60 to 200 HU. Real pictures are for one's own eyes: the scans' terms keep what is derived
from them out of the repository, so the docs show the phantoms alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from detector.geometry import Box3D
from detector.ingest.discover import discover
from detector.phantom.cohort import member
from detector.phantom.parameters import PHASES, Cohort
from detector.volume import Volume

SIZES = ((256, 40, 12, 10.0), (512, 48, 4, 2.0))  # matrix, slices, studies, wanted a minute
WINDOW_HU = (-60.0, 200.0)
TILE = 224
Picture = npt.NDArray[np.uint8]


def rate(matrix: int, slices: int, studies: int, folder: Path) -> float:
    """Studies a minute on all cores."""
    command = [
        sys.executable,
        "-m",
        "detector",
        "phantom",
        "--difficulty",
        "1",
        "--jobs",
        str(os.cpu_count()),
    ]
    shape = ["--matrix", str(matrix), "--slices", str(slices), "--studies", str(studies)]
    started = time.perf_counter()
    subprocess.run([*command, *shape, "--out", str(folder)], check=True, stderr=subprocess.DEVNULL)
    return 60 * studies / (time.perf_counter() - started)


def tile(volume: Volume | None, z_mm: float) -> Picture:
    """One axial slice, 300 mm wide; black where there is no volume."""
    if volume is None:
        return np.zeros((TILE, TILE), np.uint8)
    z = round(volume.geometry.index_from_point((0.0, 0.0, z_mm))[0])
    image = np.asarray(volume.array_zyx[np.clip(z, 0, len(volume.array_zyx) - 1)], dtype=np.float32)
    low, high = WINDOW_HU
    grey = (np.clip((image - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    margin = max(0, (image.shape[0] - round(300 / volume.geometry.spacing_xyz_mm[0])) // 2)
    cut = Image.fromarray(grey[margin : len(grey) - margin, margin : len(grey) - margin])
    return np.asarray(cut.resize((TILE, TILE), Image.Resampling.BILINEAR))


def phantom_rows(cohort: Cohort, seed: int) -> Iterator[Picture]:
    """One hard study of each class through its primary lesion, its phases side by side."""
    for number in range(1, 5):
        study = member(seed, number, cohort, matrix=256, slices=40, aligned=True, difficulty=1.0)[2]
        (primary,) = (m for m in study.lesions if m.primary)
        tiles = [tile(study.volumes.get(phase), primary.box.centre_mm[2]) for phase in PHASES]
        yield np.concatenate(tiles, axis=1)


def real_rows(folder: Path) -> Iterator[Picture]:
    """The series of each real study side by side, through their middle."""
    for study in discover(folder).studies:
        volumes = [series.read() for series in study.acquisitions[: len(PHASES)]]
        middle = Box3D(volumes[0].geometry.extent.lo, volumes[0].geometry.extent.hi).centre_mm[2]
        tiles = [tile(v, middle) for v in [*volumes, *[None] * (len(PHASES) - len(volumes))]]
        yield np.concatenate(tiles, axis=1)


def write_page(folder: Path, real: Path | None) -> None:
    """phantoms-training.png, phantoms-evaluation.png and, with real scans, real.png."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"phantoms-{c}": phantom_rows(c, seed=7) for c in ("training", "evaluation")}
    if real:
        pages["real"] = real_rows(real)
    for name, rows in pages.items():
        Image.fromarray(np.concatenate(list(rows))).save(folder / f"{name}.png", optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, help="folder for the pictures; no rates then")
    parser.add_argument("--real", type=Path, help="real studies to show beside them")
    arguments = parser.parse_args()
    if arguments.page:
        write_page(arguments.page, arguments.real)
        return
    print("| hard phantoms | studies a minute | wanted |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for matrix, slices, studies, wanted in SIZES:
            made = rate(matrix, slices, studies, Path(folder) / str(matrix))
            print(f"| {matrix} x {matrix} x {slices} | {made:.1f} | {wanted:g} |", flush=True)


if __name__ == "__main__":
    main()
