"""`python -m detector cold_start`: a first detector from studies without a mark."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from detector.cli.train import parse_overrides
from detector.errors import PlanError

HELP = "train a first detector from unmarked studies, by synthetic lesions in their livers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=Path, required=True, help="case list of studies with a liver")
    parser.add_argument("--out", type=Path, required=True, help="folder for weights and result.json")
    parser.add_argument("--size", default="small", help="tiny, small, slim64, ...")
    parser.add_argument("--gold", type=Path, help="case list of real lesions to be judged on")
    parser.add_argument(
        "--unclean",
        action="store_true",
        help="what is not marked teaches nothing, since real lesions may be there",
    )
    parser.add_argument("--init", type=Path, help="weights to start from")
    parser.add_argument(
        "--studies", type=int, default=60, help="most studies to take, at random (default 60)"
    )
    parser.add_argument("--copies", type=int, default=2, help="how often each is taken (default 2)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE",
        help="replaces a value of the plan, such as steps=500",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    from detector.cold_start import cold_start

    if min(arguments.studies, arguments.copies) < 1:
        raise PlanError("Studies and copies are 1 or more.")
    result = cold_start(
        arguments.cases,
        arguments.out,
        size=arguments.size,
        overrides=parse_overrides(arguments.overrides),
        gold=arguments.gold,
        clean=not arguments.unclean,
        initial_weights=arguments.init,
        studies=arguments.studies,
        copies=arguments.copies,
        seed=arguments.seed,
    )
    print(json.dumps({"weights": result["weights"], "metrics": result["metrics"]}, indent=1))
    return 0
