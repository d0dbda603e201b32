"""One training of one method, judged on the studies that choose its rate and on gold; each a cell."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from detector.centernet.plan import CenterNetPlan
from detector.centernet.samples import SampleStore, build_samples, read_samples
from detector.contracts import CandidateDetector, Progress
from detector.data.cases import Case, read_cases
from detector.data.images import load_case
from detector.evaluation.matching import HEADLINE_RULE, HIT_RULES, primary_hit, score_candidates
from detector.evaluation.phantom_cases import CASES_NAME, write_phantom_cases
from detector.evaluation.report import outcome_of
from detector.experiments.cells import Cells
from detector.training.loop import LoopSettings, run_loop, seed_everything
from tests.bench.rivals.methods import METHODS

RATES = (5e-4, 1.5e-3, 4.5e-3)
SEEDS = (0, 1, 2)
PARTS = {"training": ("training", 1), "choosing": ("evaluation", 2), "gold": ("evaluation", 3)}


@dataclass(frozen=True, slots=True)
class Settings:
    """Studies of each part, and the `seconds` that each training has, on one core that does nothing else."""

    training: int
    choosing: int
    gold: int
    matrix: int
    slices: int
    size: str
    seconds: float
    rates: tuple[float, ...] = RATES
    seeds: tuple[int, ...] = SEEDS


SIZES = {
    "ci": Settings(6, 4, 4, 72, 24, "tiny", 4.0, rates=(1.5e-3,), seeds=(0,)),
    "cpu": Settings(60, 30, 80, 128, 30, "small", 150.0),
    "gpu": Settings(400, 100, 400, 256, 48, "slim64", 1800.0),
}


def studies(cells: Cells, settings: Settings) -> dict[str, list[Case]]:
    """Phantoms of each part, drawn once; what chooses and what judges lies outside the training ranges."""
    found = {}
    for part, (cohort, seed) in PARTS.items():
        folder = cells.folder / "studies" / part
        if not (folder / CASES_NAME).exists():
            cells.say(f"drawing {part}")
            write_phantom_cases(
                folder,
                cohort=cohort,  # type: ignore[arg-type]
                studies=getattr(settings, part),
                seed=7000 + seed,
                matrix=settings.matrix,
                slices=settings.slices,
            )
        found[part] = read_cases(folder / CASES_NAME)
    return found


def samples(cells: Cells, settings: Settings, cases: list[Case]) -> SampleStore:
    """All methods learn from the same."""
    folder = cells.folder / "samples"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        build_samples(cases, METHODS["centernet3d"].plan(settings.size), folder)
        (folder / "complete").touch()
    return read_samples(folder)


def _run(name: str, plan: CenterNetPlan, store: SampleStore, on_progress: Any) -> Any:
    method = METHODS[name]
    seed_everything(plan.seed)
    network = method.network(plan, store)
    loop = LoopSettings(
        plan.steps, plan.lr, plan.weight_decay, plan.warmup, plan.ema_decay, report_every=1,
        precision=plan.precision,
    )  # fmt: skip
    return run_loop(network, method.task(plan, store), loop, on_progress=on_progress)


def pace(cells: Cells, settings: Settings, store: SampleStore, name: str) -> dict[str, Any]:
    """Seconds a step on crops and on whole inputs, and the steps that fill the seconds: a cell, to be
    computed while nothing else runs."""

    def compute() -> dict[str, Any]:
        told: dict[str, Any] = {}
        share = METHODS[name].plan(settings.size).crop_share
        for kind, of_steps in (("crops", 1.0), ("whole", 0.0)):
            times: list[float] = []

            def note(progress: Progress, times: list[float] = times) -> None:
                times.append(time.perf_counter())

            _run(name, METHODS[name].plan(settings.size, steps=9, crop_share=of_steps), store, note)
            told[kind] = statistics.median(b - a for a, b in pairwise(times[2:]))
        mean = share * told["crops"] + (1 - share) * told["whole"]
        return {**told, "steps": max(10, int(settings.seconds / mean))}

    return cells.cell(f"pace {name}", compute)


def judged(detector: CandidateDetector, cases: Sequence[Case]) -> dict[str, Any]:
    """{"hits": {"1", "10"}, "scored", "lesions"}, one entry a study in their order."""
    rule = HIT_RULES[HEADLINE_RULE]
    outcomes = [outcome_of(case, detector) for case in cases]
    return {
        "hits": {str(top): [float(primary_hit(o, top, rule)) for o in outcomes] for top in (1, 10)},
        "scored": [score_candidates(o, rule) for o in outcomes],
        "lesions": [len(o.lesions) for o in outcomes],
    }


def run(
    cells: Cells, settings: Settings, parts: dict[str, list[Case]], name: str, rate: float, seed: int
) -> dict[str, Any]:
    """A cell: a method trained at one rate with one seed, and what it found."""
    store = samples(cells, settings, parts["training"])
    steps = pace(cells, settings, store, name)["steps"]

    def compute() -> dict[str, Any]:
        plan = METHODS[name].plan(settings.size, steps=steps, lr=rate, seed=seed)
        last: dict[str, float] = {}
        begun = time.perf_counter()
        model = _run(name, plan, store, lambda progress: last.update(progress.values))
        seconds = time.perf_counter() - begun
        detector = METHODS[name].detector(model, plan)
        return {
            "trained_s": round(seconds, 1),
            "loss": last["loss"],
            **{part: judged(detector, parts[part]) for part in ("choosing", "gold")},
        }

    return cells.cell(f"{name} {rate:g} seed {seed}", compute)


def seconds_a_study(
    cells: Cells, settings: Settings, parts: dict[str, list[Case]]
) -> dict[str, dict[str, float]]:
    """Of each method, in turns, medians: input, network, boxes and merging of one study that lies in memory;
    its million weights, and its billion floating point operations a phase."""

    def compute() -> dict[str, Any]:
        store = samples(cells, settings, parts["training"])
        image = torch.from_numpy(store.images[:1, None].astype(np.float32))
        detectors, told = {}, {}
        for name, method in METHODS.items():
            plan = method.plan(settings.size)
            seed_everything(0)
            model = method.network(plan, store).eval()
            detectors[name] = method.detector(model, plan)
            told[name] = {"weights_m": sum(p.numel() for p in model.parameters()) / 1e6}
            with FlopCounterMode(display=False) as counter, torch.inference_mode():
                getattr(model, "network", model)(image)
            told[name]["gflop"] = counter.get_total_flops() / 1e9
        study = load_case(parts["gold"][0])
        times: dict[str, list[float]] = {name: [] for name in METHODS}
        for _ in range(6):
            for name, detector in detectors.items():
                begun = time.perf_counter()
                detector.detect(study)
                times[name].append(time.perf_counter() - begun)
        return {n: {**t, "seconds": statistics.median(times[n][1:])} for n, t in told.items()}

    return cells.cell("seconds a study", compute)


def folder_cells(out: Path, settings: Settings) -> Cells:
    cells = Cells(out, lambda line: print(line, flush=True))
    cells.settle(asdict(settings))
    return cells
