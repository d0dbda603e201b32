"""What a nudge costs on a scan of 512 x 512 x 69: the phase made anew, and its similarity measured.

`python -m tests.bench.nudge`. Seconds by the clock and of the processor, medians of three, on as many threads
as torch and ITK take. `--scan FOLDER` registers a real study instead, and says for each of its phases how far
a nudge by whole voxels is from the array moved, and how the similarity in the liver falls with the distance.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from detector.geometry import VolumeGeometry
from detector.ingest.archive import open_root
from detector.ingest.discover import discover
from detector.ingest.study import only_study, prepare_study
from detector.registration.resample import resample
from detector.registration.similarity import Comparison
from detector.registration.transform import Field, Transform
from detector.volume import Volume

GRID = VolumeGeometry((69, 512, 512), (0.75, 0.75, 3.0), (-192.0, -192.0, 0.0))
FIELD_GRID = VolumeGeometry((50, 70, 70), (5.0, 5.0, 5.0), (-175.0, -175.0, -20.0))
NUDGE_MM = (3.0, -1.5, 3.0)
AWAY_MM = ((0.0, 0.0, 0.0), (3.0, 0.0, 0.0), (0.0, 0.0, 5.0), (10.0, 0.0, 0.0), (0.0, 0.0, 15.0))


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """By the clock, and of the processor."""
    runs = []
    for _ in range(3):
        clock, processor = time.perf_counter(), time.process_time()
        work()
        runs.append((time.perf_counter() - clock, time.process_time() - processor))
    return statistics.median(c for c, _ in runs), statistics.median(p for _, p in runs)


def on_a_scan(folder: Path) -> None:
    with open_root(folder) as root:
        study = prepare_study(only_study(discover(root)))
    fixed = study.originals[study.images.reference_phase]
    comparison = Comparison(fixed, study.images.liver)
    x, y, z = fixed.geometry.spacing_xyz_mm
    names = " | ".join(" ".join(f"{v:g}" for v in mm) for mm in AWAY_MM)
    print(f"| phase | most HU apart | share apart | {names} mm |\n|---|---|---|{'---|' * len(AWAY_MM)}")
    for phase, transform in study.transforms.items():
        original = study.originals[phase]
        still = np.asarray(study.images.volumes[phase].array_zyx, dtype=int)
        moved = resample(original, fixed.geometry, replace(transform, nudge_mm=(3 * x, -2 * y, z)))
        apart = np.abs(moved.array_zyx.astype(int)[1:, :-2, 3:] - still[:-1, 2:, :-3])
        coarse = comparison.coarse(original)
        alike = [comparison.similarity(coarse, replace(transform, nudge_mm=mm)) for mm in AWAY_MM]
        figures = " | ".join(f"{s:.2f}" for s in alike)
        print(f"| {phase} | {apart.max()} | {(apart > 0).mean():.1e} | {figures} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scan", type=Path)
    if folder := parser.parse_args().scan:
        on_a_scan(folder)
        return
    rng = np.random.default_rng(0)
    scan = Volume(rng.integers(-1000, 1000, GRID.shape_zyx).astype(np.int16), GRID)
    liver = np.zeros(GRID.shape_zyx, np.uint8)
    liver[20:50, 150:350, 100:300] = 1
    waves = rng.normal(0, 1, (3, *FIELD_GRID.shape_zyx)).astype(np.float32)
    rigid = Transform(translation_mm=(1.0, 2.0, 3.0), nudge_mm=NUDGE_MM)
    bent = replace(rigid, field=Field(waves, FIELD_GRID))

    def similarity() -> float:
        comparison = Comparison(scan, liver)
        return comparison.similarity(comparison.coarse(scan), bent)

    print("| 512 x 512 x 69 | seconds | of the processor |\n|---|---|---|")
    for name, work in (
        ("made anew, rigid", lambda: resample(scan, GRID, rigid)),
        ("made anew, through a field", lambda: resample(scan, GRID, bent)),
        ("similarity in the liver", similarity),
    ):
        clock, processor = seconds(work)
        print(f"| {name} | {clock:.1f} | {processor:.1f} |")


if __name__ == "__main__":
    main()
