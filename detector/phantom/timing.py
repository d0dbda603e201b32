"""Cohorts for telling phases: injection timing, tube voltage and cardiac output, seen and unseen.

The timing that is learned spans what sites do; judged are the hard cases around it: early and late arterial,
early and late portal venous, early delayed. Times are those of the usual circulation, counted from the
bolus' arrival as bolus tracking does, so that a weak heart is scanned later.
"""

from __future__ import annotations

from dataclasses import replace

from detector.phantom.cohort import study_seed
from detector.phantom.generate import PhantomStudy, generate
from detector.phantom.parameters import EVALUATION, TRAINING, Cohort, Examination, PhantomParameters

TRAINED = replace(
    TRAINING, arterial_s=((29, 42),), portal_venous_s=((62, 85),), delayed_s=((150, 270),)
)  # fmt: skip
JUDGED = replace(
    EVALUATION,
    arterial_s=((26, 28), (43, 46)),
    portal_venous_s=((56, 61), (86, 92)),
    delayed_s=((120, 145), (275, 300)),
)
USUAL = Examination(tube_kv=((110, 130),), cardiac_output=((0.9, 1.1),))
UNUSUAL = Examination(tube_kv=((80, 105), (135, 140)), cardiac_output=((0.75, 0.88), (1.14, 1.35)))


def timed_study(seed: int, number: int, cohort: Cohort, *, matrix: int = 128) -> PhantomStudy:
    """Study `number` (from 1) of the cohort to learn phases from, or of the one to be judged on."""
    spans, examination = (TRAINED, USUAL) if cohort == "training" else (JUDGED, UNUSUAL)
    parameters = PhantomParameters(spans, cohort, matrix=matrix, examination=examination)
    return generate(parameters, study_seed(seed, number, cohort))
