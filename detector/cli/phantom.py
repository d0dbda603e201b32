"""`python -m detector phantom`: writes synthetic multiphase studies with their truth."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from detector.data.cases import Case, write_cases
from detector.errors import PlanError
from detector.phantom.cohort import member
from detector.phantom.parameters import Cohort
from detector.phantom.write import case_of, write_study

HELP = "write synthetic multiphase liver CT studies with their truth"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder for study-0001, study-0002, ...")
    parser.add_argument("--studies", type=int, required=True, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same studies")
    parser.add_argument("--matrix", type=int, default=192, help="pixels a side, 48 to 512 (default 192)")
    parser.add_argument(
        "--difficulty",
        type=float,
        help="0 to 1: classes that overlap, scanners, artefacts, missing phases (default: the textbook)",
    )
    parser.add_argument("--slices", type=int, default=36, help="slices of 5 mm (default 36)")
    parser.add_argument(
        "--cohort",
        choices=("training", "evaluation", "varied"),
        default="training",
        help="evaluation draws every number outside the training ranges; varied lets the organs stray",
    )
    parser.add_argument(
        "--aligned", action="store_true", help="no breathing between phases; NIfTI also gets a cases.json"
    )
    parser.add_argument("--dicom", action="store_true", help="DICOM series instead of NIfTI")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")


def run(arguments: argparse.Namespace) -> int:
    if arguments.studies < 1:
        raise PlanError("A cohort needs at least one study.", remedy="Give --studies 1 or more.")
    if arguments.seed < 0:
        raise PlanError("A seed cannot be negative.", remedy="Give --seed 0 or more.")
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        cases = _write_all(arguments)
        if arguments.aligned and not arguments.dicom:
            write_cases(cases, arguments.out / "cases.json")
    except OSError as error:
        raise PlanError(
            f"The studies cannot be written: {error.strerror or 'the disk refused'}.",
            remedy="Choose another --out or free space.",
        ) from error
    return 0


def _write_all(arguments: argparse.Namespace) -> list[Case]:
    write = partial(
        _write_one,
        out=arguments.out,
        seed=arguments.seed,
        cohort=arguments.cohort,
        matrix=arguments.matrix,
        slices=arguments.slices,
        aligned=arguments.aligned,
        difficulty=arguments.difficulty,
        dicom=arguments.dicom,
    )
    numbers = range(1, arguments.studies + 1)
    cases = []
    if arguments.jobs <= 1:
        for number in numbers:
            cases.append(write(number))
            _say(number, arguments.studies, cases[-1])
        return cases
    # Spawned, not forked: the parent may hold threads of numerical libraries.
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
        for number, case in zip(numbers, pool.map(write, numbers), strict=True):
            cases.append(case)
            _say(number, arguments.studies, case)
    return cases


def _write_one(
    number: int,
    *,
    out: Path,
    seed: int,
    cohort: Cohort,
    matrix: int,
    slices: int,
    aligned: bool,
    difficulty: float | None,
    dicom: bool,
) -> Case:
    name, subject, study = member(
        seed, number, cohort, matrix=matrix, slices=slices, aligned=aligned, difficulty=difficulty
    )
    write_study(study, out / name, subject, dicom=dicom)
    return case_of(study, name, subject)


def _say(number: int, total: int, case: Case) -> None:
    lesions = len(case.marks)
    words = f"{case.lesion_class}, {lesions} lesion{'s' if lesions > 1 else ''}"
    print(f"phantom {number}/{total} {case.study}: {words}", file=sys.stderr, flush=True)
