"""Who finds the liver: the network beside the classical way, on the same phantoms and real scans.

`python -m tests.bench.liver --studies 40`. Phantoms are of the evaluation parameters, all outside the ranges
that the reference weights have learned from, in the phase named; figures are means with 95 % intervals over
subjects. The real scan with a true mask is measured too where ../shared/data is unpacked.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from detector.evaluation.bootstrap import Estimate, mean_estimate
from detector.evaluation.segmentation import Overlap, overlap
from detector.ingest.classical_liver import classical_liver
from detector.ingest.discover import discover
from detector.ingest.liver import REFERENCE_WEIGHTS, LiverFinder, find_liver
from detector.ingest.masks import mask_on_grid, read_mask
from detector.phantom.cohort import member
from detector.registry import family
from detector.volume import Volume

Method = Callable[[Volume], np.ndarray]
Scan = tuple[str, Volume, np.ndarray]


def methods(weights: Path) -> dict[str, Method]:
    """The network alone, the classical way alone, and what an import does: the one, else the other."""
    network = family("liver-unet").load(weights)
    finder = LiverFinder(weights=None if weights == REFERENCE_WEIGHTS else weights)

    def or_nothing(volume: Volume, mask: np.ndarray | None) -> np.ndarray:
        return np.zeros(volume.geometry.shape_zyx, np.uint8) if mask is None else mask

    return {
        "classical": lambda v: or_nothing(v, classical_liver(v)),
        "network": network.segment,
        "as imported": lambda v: or_nothing(v, find_liver(v, finder=finder).mask),
    }


def phantoms(studies: int, seed: int, phase: str, matrix: int, slices: int) -> Iterator[Scan]:
    for number in range(1, studies + 1):
        _, subject, study = member(seed, number, "evaluation", matrix=matrix, slices=slices, aligned=True)
        yield subject, study.volumes[phase], np.asarray(study.liver.array_zyx)


def real_scans() -> Iterator[Scan]:
    """3D-IRCADb-01 patient 17 with its mask, where it lies unpacked."""
    data = os.environ.get("HARVEST_TEST_DATA") or tempfile.gettempdir() + f"/harvest-test-data-{os.getuid()}"
    folder = Path(data) / "ircad_trauma"
    if folder.is_dir():
        (study,) = discover(folder).studies
        volume = study.acquisitions[0].read()
        assert study.liver is not None
        true = mask_on_grid(read_mask(study.liver), volume.geometry)
        yield "3D-IRCADb-01, 17", volume, np.asarray(true.array_zyx)


def measured(scans: Iterator[Scan], chosen: dict[str, Method]) -> dict[str, list[tuple[str, Overlap, float]]]:
    rows: dict[str, list[tuple[str, Overlap, float]]] = {name: [] for name in chosen}
    for subject, volume, true in scans:
        for name, method in chosen.items():
            started = time.process_time()
            mask = method(volume)
            seconds = time.process_time() - started
            rows[name].append((subject, overlap(mask, true, volume.geometry), seconds))
    return rows


def _figure(estimate: Estimate, digits: int) -> str:
    if estimate["value"] is None:
        return "none"
    if estimate["n"] == 1:
        return f"{estimate['value']:.{digits}f}"
    return "{value:.{d}f} ({lo:.{d}f} to {hi:.{d}f})".format(d=digits, **estimate)


def table(what: str, rows: dict[str, list[tuple[str, Overlap, float]]]) -> list[str]:
    """Markdown rows: method, Dice, worst Dice, HD95 mm, absolute volume error %, nothing found, seconds."""
    lines = []
    for name, measures in rows.items():
        subjects = [s for s, _, _ in measures]
        found = [(s, o) for s, o, _ in measures if np.isfinite(o.hd95_mm)]
        dice = mean_estimate([o.dice for _, o, _ in measures], subjects)
        hd95 = mean_estimate([o.hd95_mm for _, o in found], [s for s, _ in found])
        error = mean_estimate([100 * abs(o.volume_error) for _, o, _ in measures], subjects)
        worst = min(o.dice for _, o, _ in measures)
        missed = sum(o.dice == 0 for _, o, _ in measures)
        seconds = float(np.median([t for _, _, t in measures]))
        lines.append(
            f"| {what} | {name} | {_figure(dice, 3)} | {worst:.3f} | {_figure(hd95, 1)} "
            f"| {_figure(error, 1)} | {missed} of {len(measures)} | {seconds:.1f} |"
        )
    return lines


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--seed", type=int, default=977)
    parser.add_argument("--phases", nargs="+", default=["portal_venous", "arterial"])
    parser.add_argument("--matrix", type=int, default=192)
    parser.add_argument("--slices", type=int, default=40)
    parser.add_argument("--weights", type=Path, default=REFERENCE_WEIGHTS)
    arguments = parser.parse_args()
    chosen = methods(arguments.weights)
    print("| scans | method | Dice | worst | HD95 mm | volume error % | nothing found | s |")
    print("|---|---|---|---|---|---|---|---|")
    for phase in arguments.phases:
        scans = phantoms(arguments.studies, arguments.seed, phase, arguments.matrix, arguments.slices)
        words = f"{arguments.studies} phantoms, {phase.replace('_', ' ')}"
        print("\n".join(table(words, measured(scans, chosen))), flush=True)
    for scan in real_scans():
        print("\n".join(table(scan[0], measured(iter([scan]), chosen))), flush=True)


if __name__ == "__main__":
    main()
