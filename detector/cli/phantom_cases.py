"""`python -m detector phantom_cases`: phantoms as a case list that is ready for `train` and `evaluate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from detector.errors import PlanError

HELP = "write registered phantom studies and their case list, ready to train on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--studies", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cohort", choices=("training", "evaluation"), default="training")
    parser.add_argument("--matrix", type=int, default=160, help="pixels a side (default 160)")
    parser.add_argument(
        "--difficulty",
        type=float,
        help="0 to 1: classes that overlap, scanners, artefacts, missing phases (default: the textbook)",
    )
    parser.add_argument("--slices", type=int, default=36, help="5 mm slices (default 36)")


def run(arguments: argparse.Namespace) -> int:
    from detector.evaluation.phantom_cases import CASES_NAME, write_phantom_cases

    if arguments.studies < 1:
        raise PlanError("A case list needs at least one study.", remedy="Set --studies to 1 or more.")
    try:
        write_phantom_cases(
            arguments.out,
            cohort=arguments.cohort,
            studies=arguments.studies,
            seed=arguments.seed,
            matrix=arguments.matrix,
            slices=arguments.slices,
            difficulty=arguments.difficulty,
        )
    except OSError as error:
        raise PlanError(f"The phantoms cannot be written: {error.strerror}.") from error
    print(f"{arguments.studies} studies and {CASES_NAME}")
    return 0
