"""Studies of a cohort by number: names, seeds and classes that do not depend on how many there are."""

from __future__ import annotations

import numpy as np

from detector.phantom.generate import PhantomStudy, generate
from detector.phantom.parameters import LESION_CLASSES, Cohort, evaluation, training, varied

_COHORTS = {"training": (training, 0, ""), "evaluation": (evaluation, 1, "E"), "varied": (varied, 2, "V")}


def study_seed(seed: int, number: int, cohort: Cohort) -> int:
    """The seed of one study (number from 1) of a cohort: the same however many studies are made."""
    key = (_COHORTS[cohort][1], number)
    return int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1)[0])


def member(
    seed: int,
    number: int,
    cohort: Cohort,
    *,
    matrix: int = 192,
    slices: int = 36,
    aligned: bool = False,
    difficulty: float | None = None,
) -> tuple[str, str, PhantomStudy]:
    """Name, subject and study of a cohort's member; the four classes take turns.

    Subjects carry the cohort and its seed, so that two cohorts imported side by side never share a subject.
    """
    make, _, letter = _COHORTS[cohort]
    parameters = make(
        matrix=matrix,
        slices=slices,
        aligned=aligned,
        lesion_class=LESION_CLASSES[(number - 1) % len(LESION_CLASSES)],
        difficulty=difficulty,
    )
    study = generate(parameters, study_seed(seed, number, cohort))
    return f"study-{number:04d}", f"PHANTOM-{letter}{seed}-{number:04d}", study
