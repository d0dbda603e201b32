"""Reading real studies beside dcm2niix: the same geometry and voxels, and the time of both."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from detector.ingest.canonical import AIR_HU, to_lps
from detector.ingest.discover import discover
from detector.volume import Volume

# Folders of ../shared/data with original DICOM that neither reader resamples.
STUDIES = ("hcc_tace_009/HCC-TACE-Seg", "ircad_trauma/PATIENT_DICOM", "mirp_crlm")


def peer() -> str | None:
    """The path of dcm2niix, where it is installed."""
    return shutil.which("dcm2niix")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One series as both read it. `place_mm` is the largest distance between the corners of the two grids,
    `differing` counts voxels that are not the same HU."""

    place_mm: float
    same_shape: bool
    differing: int


def ours(folder: Path) -> tuple[float, list[Volume]]:
    """Wall seconds from the folder to canonical volumes, and the volumes."""
    started = time.perf_counter()
    volumes = [s.read() for study in discover(folder).studies for s in study.acquisitions]
    return time.perf_counter() - started, volumes


def theirs(folder: Path, out: Path) -> tuple[float, list[Volume]]:
    """Wall seconds of dcm2niix on the folder (uncompressed, no sidecars), and what it wrote, in LPS."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    started = time.perf_counter()
    command = [str(peer()), "-z", "n", "-b", "n", "-f", "%s_%t", "-o", str(out), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - started
    return seconds, [_canonical(path) for path in sorted(out.glob("*.nii"))]


def _canonical(path: Path) -> Volume:
    image = sitk.ReadImage(str(path))
    array = np.clip(np.rint(sitk.GetArrayFromImage(image)), AIR_HU, 32767).astype(np.int16)
    return to_lps(
        array,
        direction=np.array(image.GetDirection()).reshape(3, 3),
        origin_xyz_mm=np.array(image.GetOrigin()),
        spacing_ijk_mm=np.array(image.GetSpacing()),
    )


def compared(mine: list[Volume], other: list[Volume]) -> list[Comparison]:
    """Each of our volumes beside the one of the peer that holds most of the same voxels."""
    return [min((_beside(a, b) for b in other), key=lambda c: (not c.same_shape, c.differing)) for a in mine]


def _beside(a: Volume, b: Volume) -> Comparison:
    same_shape = a.geometry.shape_zyx == b.geometry.shape_zyx
    ends = [(v.geometry.extent.lo, v.geometry.extent.hi) for v in (a, b)]
    off = float(np.abs(np.array(ends[0]) - np.array(ends[1])).max())
    differing = int((np.asarray(a.array_zyx) != b.array_zyx).sum()) if same_shape else -1
    return Comparison(off, same_shape, differing)


def times(folder: Path, out: Path, runs: int = 5) -> tuple[float, float]:
    """Median wall seconds of ours and of dcm2niix, taken in turns after one run of each."""
    pairs = [(ours(folder)[0], theirs(folder, out)[0]) for _ in range(runs + 1)][1:]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
