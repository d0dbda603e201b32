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
    import numpy as np

    from detector.data.cases import read_cases, write_cases
    from detector.data.images import load_case
    from detector.phantom.insertion import insert_lesions
    from detector.volume import Volume, write_volume

    if min(arguments.copies, arguments.most) < 1 or not 0 <= arguments.difficulty <= 1:
        raise PlanError("Copies and lesions are 1 or more, and the difficulty lies between 0 and 1.")
    made, without = [], 0
    for case in read_cases(arguments.cases):
        study = load_case(case)
        if study.liver is None or not study.liver.any():
            without += 1
            continue
        for copy in range(arguments.copies):
            rng = np.random.default_rng([arguments.seed, copy, *case.study.encode()])
            found = insert_lesions(study, most=arguments.most, difficulty=arguments.difficulty, rng=rng)
            if not found.marks:
                without += 1
                continue
            name = f"{case.study}-{copy + 1}" if arguments.copies > 1 else case.study
            folder = arguments.out / name
            try:
                folder.mkdir(parents=True, exist_ok=True)
                for phase, volume in found.volumes.items():
                    write_volume(volume, folder / f"{phase}.npy")
                write_volume(Volume(study.liver, study.geometry), folder / "liver.npy")
            except OSError as error:
                raise PlanError(f"A study cannot be written: {error.strerror}.") from error
            changed = {
                "study": name,
                "images": {phase: f"{name}/{phase}.npy" for phase in found.volumes},
                "liver": f"{name}/liver.npy",
                "lesion_class": found.marks[0].lesion_class,
                # Its own lesions, where it was marked, are seen in it as before.
                "marks": (*case.marks, *found.marks),
                "complete": arguments.clean,
            }
            made.append(case.model_copy(update=changed))
            print(f"{name}: {len(found.marks)} of class {found.marks[0].lesion_class}", file=sys.stderr)
    if not made:
        raise PlanError(
            "No study has a liver with room for a lesion.", remedy="Prepare the studies with their livers."
        )
    write_cases(made, arguments.out / "cases.json")
    print(f"{len(made)} studies with {sum(len(c.marks) for c in made)} marks; {without} without a place")
    return 0
