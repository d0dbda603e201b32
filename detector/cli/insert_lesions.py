"""`python -m detector insert_lesions`: synthetic lesions in unmarked livers, as a case list to learn from."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from detector.errors import PlanError

HELP = "put synthetic lesions into the livers of a case list: a first detector's teachers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=Path, required=True, help="case list of `detector prepare`, unmarked")
    parser.add_argument("--out", type=Path, required=True, help="folder for the volumes and cases.json")
    parser.add_argument("--copies", type=int, default=1, help="how often each study is taken (default 1)")
    parser.add_argument("--most", type=int, default=3, help="most lesions a study (default 3)")
    parser.add_argument("--difficulty", type=float, default=0.5, help="0 to 1: how far classes overlap")
    parser.add_argument(
        "--clean",
        action="store_true",
        help="the livers hold no lesion of their own, so all else in them teaches, too",
    )
    parser.add_argument("--seed", type=int, default=0)


def run(arguments: argparse.Namespace) -> int:
    from detector.data.cases import read_cases
    from detector.phantom.inserted_cases import write_inserted_cases

    if min(arguments.copies, arguments.most) < 1 or not 0 <= arguments.difficulty <= 1:
        raise PlanError("Copies and lesions are 1 or more, and the difficulty lies between 0 and 1.")
    made, without = write_inserted_cases(
        read_cases(arguments.cases),
        arguments.out,
        copies=arguments.copies,
        most=arguments.most,
        difficulty=arguments.difficulty,
        clean=arguments.clean,
        seed=arguments.seed,
        tell=lambda _, line: print(line, file=sys.stderr),
    )
    print(f"{len(made)} studies with {sum(len(c.marks) for c in made)} marks; {without} without a place")
    return 0
