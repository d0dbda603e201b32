"""`python -m detector out_of_fold`: a key slice filter from what detectors find in unseen studies."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from detector.cli.train import parse_overrides
from detector.errors import PlanError

HELP = "train a key slice filter on candidates that detectors find in studies they had not seen"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=Path, required=True, help="the filter's case list")
    parser.add_argument("--detector-cases", type=Path, required=True, help="the detectors' case list")
    parser.add_argument("--out", type=Path, required=True, help="folder for weights and result.json")
    parser.add_argument("--size", default="small", help="tiny, small, ... of the filter and the detectors")
    parser.add_argument("--gold", type=Path, help="case list for the filter to be judged on")
    parser.add_argument("--init", type=Path, help="weights of a filter to start from")
    parser.add_argument("--folds", type=int, default=5, help="parts of the patients (default 5)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE",
        help="replaces a value of the detectors' plan, such as steps=500",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    from detector.out_of_fold import train_filter_out_of_fold

    if arguments.folds < 2:
        raise PlanError("Out of fold takes 2 folds or more.")
    result = train_filter_out_of_fold(
        arguments.cases,
        arguments.detector_cases,
        arguments.out,
        size=arguments.size,
        overrides=parse_overrides(arguments.overrides),
        gold=arguments.gold,
        initial_weights=arguments.init,
        folds=arguments.folds,
        seed=arguments.seed,
    )
    print(json.dumps({"weights": result["weights"], "metrics": result["metrics"]}, indent=1))
    return 0
