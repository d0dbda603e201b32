"""A case list of an installation's own studies with synthetic lesions in their livers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from detector.data.cases import Case, write_cases
from detector.data.images import load_case
from detector.errors import PlanError
from detector.phantom.insertion import insert_lesions
from detector.volume import Volume, write_volume

CASES_NAME = "cases.json"


def write_inserted_cases(
    cases: Sequence[Case],
    out: Path,
    *,
    copies: int = 1,
    most: int = 3,
    difficulty: float = 0.5,
    clean: bool = False,
    seed: int = 0,
    tell: Callable[[int, str], None] = lambda done, line: None,
) -> tuple[list[Case], int]:
    """Writes the volumes and `out`/cases.json, whose paths are relative; `tell` hears how many studies are
    done and a line on the last.

    Each study is taken `copies` times and gets 1 to `most` lesions. Studies are incomplete cases, since their
    own lesions are not marked, but where the livers are said to be `clean`. Equal arguments write equal
    bytes.

    Returns:
        The cases, and how many copies had no liver or no room in it.
    Raises:
        PlanError: no study has a liver with room for a lesion, or the disk takes no more.
    """
    made: list[Case] = []
    without = 0
    for done, case in enumerate(cases):
        study = load_case(case)
        for copy in range(copies):
            rng = np.random.default_rng([seed, copy, *case.study.encode()])
            has_liver = study.liver is not None and study.liver.any()
            found = insert_lesions(study, most=most, difficulty=difficulty, rng=rng) if has_liver else None
            if found is None or not found.marks or study.liver is None:
                without += 1
                continue
            name = f"{case.study}-{copy + 1}" if copies > 1 else case.study
            _write(out / name, {**found.volumes, "liver": Volume(study.liver, study.geometry)})
            changed = {
                "study": name,
                "images": {phase: f"{name}/{phase}.npy" for phase in found.volumes},
                "liver": f"{name}/liver.npy",
                "lesion_class": found.marks[0].lesion_class,
                # Its own lesions, where it was marked, are seen in it as before.
                "marks": (*case.marks, *found.marks),
                "complete": clean,
            }
            made.append(case.model_copy(update=changed))
            tell(done + 1, f"{name}: {len(found.marks)} of class {found.marks[0].lesion_class}")
    if not made:
        raise PlanError(
            "No study has a liver with room for a lesion.", remedy="Prepare the studies with their livers."
        )
    write_cases(made, out / CASES_NAME)
    return made, without


def _write(folder: Path, volumes: dict[str, Volume]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, volume in volumes.items():
            write_volume(volume, folder / f"{name}.npy")
    except OSError as error:
        raise PlanError(f"A study cannot be written: {error.strerror}.") from error
