"""`python -m detector evaluate`: P1TD-1, P1TD-10 and FROC of a detector on gold studies."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from detector.errors import PlanError

HELP = "judge a detector on gold cases: P1TD-1, P1TD-10, FROC with intervals"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=Path, required=True, help="gold case list")
    parser.add_argument("--weights", type=Path, required=True, help="weights file of a detector")
    parser.add_argument("--out", type=Path, help="JSON file for all figures")


def _line(name: str, estimate: dict[str, Any]) -> str:
    if estimate["value"] is None:
        return f"{name:<22} undefined (n {estimate['n']})"
    return (
        f"{name:<22} {estimate['value']:.3f} [{estimate['lo']:.3f}, {estimate['hi']:.3f}] (n {estimate['n']})"
    )


def run(arguments: argparse.Namespace) -> int:
    from detector import registry
    from detector.data.cases import read_cases
    from detector.evaluation.report import evaluate_detector
    from detector.weights import read_family

    cases = read_cases(arguments.cases)
    if not cases:
        raise PlanError("The case list is empty.", remedy="Name a list with at least one gold study.")
    name = read_family(arguments.weights)
    if registry.kind_of(name) != "detector":
        raise PlanError(f"{name} is not a detector.", remedy="Name the weights of a detector.")
    metrics = evaluate_detector(registry.family(name).load(arguments.weights), cases)
    print(f"{metrics['studies']} studies, hit: {metrics['hit_rule']}, 95 % bootstrap intervals by subject")
    print(_line("P1TD-1", metrics["p1td_1"]))
    print(_line("P1TD-10", metrics["p1td_10"]))
    for rate, estimate in metrics["froc"].items():
        print(_line(f"sensitivity at {rate} FP", estimate))
    print(_line("FROC mean", metrics["froc_mean"]))
    if arguments.out:
        try:
            arguments.out.write_text(json.dumps(metrics, indent=1) + "\n")
        except OSError as error:
            raise PlanError(f"The figures cannot be written: {error.strerror}.") from error
    return 0
