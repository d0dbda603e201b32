"""What the runs say: each method at the rate that the choosing studies prefer, beside CenterNet-3D."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from detector.evaluation.bootstrap import bootstrap_many, mean_estimate, paired_difference
from detector.evaluation.froc import sensitivities

Runs = dict[tuple[str, float, int], dict[str, Any]]  # by method, rate, seed
OURS = "centernet3d"


def froc(found: dict[str, Any], items: Sequence[int]) -> float:
    """Mean sensitivity of one run over some of its studies."""
    scored, lesions = found["scored"], found["lesions"]
    return float(np.mean(sensitivities([scored[i] for i in items], [lesions[i] for i in items])))


def best_rate(runs: Runs, name: str, rates: Sequence[float], seeds: Sequence[int]) -> float:
    """By the mean FROC over seeds on the studies that choose; gold has no say."""

    def mean(rate: float) -> float:
        found = [runs[name, rate, seed]["choosing"] for seed in seeds]
        return float(np.mean([froc(f, range(len(f["lesions"]))) for f in found]))

    return max(rates, key=mean)


def figures(
    runs: Runs, chosen: dict[str, float], seeds: Sequence[int], subjects: list[str]
) -> dict[str, Any]:
    """By method: P1TD-1, P1TD-10 and FROC on gold, means over the seeds, with intervals by patient and the
    paired difference CenterNet-3D minus the method."""
    gold = {name: [runs[name, rate, seed]["gold"] for seed in seeds] for name, rate in chosen.items()}
    hits = {
        (name, top): np.mean([f["hits"][top] for f in found], axis=0).tolist()
        for name, found in gold.items()
        for top in ("1", "10")
    }
    names = list(gold)

    def each(items: Any) -> list[float]:
        values = [float(np.mean([froc(f, items) for f in gold[name]])) for name in names]
        return [*values, *(values[names.index(OURS)] - v for v in values)]

    of_froc = bootstrap_many(subjects, each, samples=1000)
    told: dict[str, Any] = {}
    for at, name in enumerate(names):
        row: dict[str, Any] = {"froc": of_froc[at], "froc_ahead": of_froc[len(names) + at]}
        for top in ("1", "10"):
            row[f"p1td_{top}"] = mean_estimate(hits[name, top], subjects)
            row[f"p1td_{top}_ahead"] = paired_difference(hits[name, top], hits[OURS, top], subjects)
        told[name] = row
    return told


def told(estimate: dict[str, Any], *, signed: bool = False) -> str:
    """
    >>> told({"value": 0.5, "lo": 0.25, "hi": 1.0})
    '.500 (.250 to 1.000)'
    """
    sign = "+" if signed else ""
    value, lo, hi = (f"{estimate[k]:{sign}.3f}".replace("0.", ".", 1) for k in ("value", "lo", "hi"))
    return f"{value} ({lo} to {hi})"


def markdown(
    found: dict[str, Any], chosen: dict[str, float], paces: dict[str, Any], costs: dict[str, Any]
) -> str:
    lines = [
        "| detector | weights | GFLOP a phase | rate | steps | P1TD-1 | P1TD-10 | FROC, mean "
        "| seconds a study |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in found.items():
        cost = costs[name]
        lines.append(
            f"| {name} | {cost['weights_m']:.2f} M | {cost['gflop']:.1f} | {chosen[name]:g} "
            f"| {paces[name]['steps']} | {told(row['p1td_1'])} | {told(row['p1td_10'])} "
            f"| {told(row['froc'])} | {cost['seconds']:.2f} |"
        )
    lines += ["", "| CenterNet-3D ahead of | P1TD-1 | P1TD-10 | FROC, mean |", "|---|---|---|---|"]
    for name, row in found.items():
        if name != OURS:
            ahead = [told(row[f"{k}_ahead"], signed=True) for k in ("p1td_1", "p1td_10", "froc")]
            lines.append(f"| {name} | {' | '.join(ahead)} |")
    return "\n".join(lines) + "\n"


def sweep(runs: Runs, rates: Sequence[float], seeds: Sequence[int]) -> str:
    """Every run on gold: FROC of each seed, by method and rate."""
    lines = [
        "| detector | " + " | ".join(f"rate {r:g}" for r in rates) + " |",
        "|---" * (len(rates) + 1) + "|",
    ]
    for name in dict.fromkeys(key[0] for key in runs):
        row = []
        for rate in rates:
            found = [runs[name, rate, seed]["gold"] for seed in seeds]
            row.append(", ".join(f"{froc(f, range(len(f['lesions']))):.3f}" for f in found))
        lines.append(f"| {name} | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"
