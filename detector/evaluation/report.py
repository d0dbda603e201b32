"""The figures of a detector on gold studies, each with a 95 % interval by subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.contracts import CandidateDetector
from detector.data.cases import Case
from detector.data.images import load_case
from detector.errors import ShapeError
from detector.evaluation.bootstrap import Estimate, bootstrap_many, mean_estimate
from detector.evaluation.froc import FALSE_POSITIVES_A_STUDY, sensitivities
from detector.evaluation.matching import (
    HEADLINE_RULE,
    HIT_RULES,
    HitRule,
    StudyOutcome,
    primary_hit,
    score_candidates,
)

DECODED_TOP = 10


def outcome_of(case: Case, detector: CandidateDetector) -> StudyOutcome:
    """Runs a detector on one gold case. A case with positives of which none is marked primary has them all
    count as primary."""
    positives = [m for m in case.marks if m.role == "positive"]
    any_primary = any(m.primary for m in positives)
    return StudyOutcome(
        study=case.study,
        subject=case.subject,
        candidates=tuple(detector.detect(load_case(case))),
        lesions=tuple(m.box for m in positives),
        primary=tuple(m.primary or not any_primary for m in positives),
        ignored=tuple(m.box for m in case.marks if m.role == "ignored"),
    )


def summarise(outcomes: Sequence[StudyOutcome], *, samples: int = 2000, seed: int = 0) -> dict[str, Any]:
    """{"hit_rule", "studies", "p1td_1", "p1td_10", "froc", "froc_mean", "by_rule"}; estimates as in
    evaluation.bootstrap. P1TD is over studies with a primary lesion, FROC over all; "froc" maps false
    positives a study to the sensitivity.

    Raises:
        ShapeError: no study to judge.
    """
    if not outcomes:
        raise ShapeError("There is no gold study to judge on.")
    with_primary = [o for o in outcomes if any(o.primary)]
    subjects = [o.subject for o in with_primary]

    def p1td(top: int, rule: HitRule) -> Estimate:
        hits = [float(primary_hit(o, top, rule)) for o in with_primary]
        return mean_estimate(hits, subjects, samples=samples, seed=seed)

    headline = HIT_RULES[HEADLINE_RULE]
    return {
        "hit_rule": HEADLINE_RULE,
        "studies": len(outcomes),
        "p1td_1": p1td(1, headline),
        "p1td_10": p1td(DECODED_TOP, headline),
        **_froc(outcomes, headline, samples, seed),
        "by_rule": {
            name: {"p1td_1": p1td(1, rule), "p1td_10": p1td(DECODED_TOP, rule)}
            for name, rule in HIT_RULES.items()
        },
    }


def _froc(outcomes: Sequence[StudyOutcome], rule: HitRule, samples: int, seed: int) -> dict[str, Any]:
    scored = [np.array(score_candidates(o, rule), dtype=float).reshape(-1, 2) for o in outcomes]
    lesions = [len(o.lesions) for o in outcomes]

    def statistic(items: npt.NDArray[np.intp]) -> list[float]:
        found = sensitivities([scored[i] for i in items], [lesions[i] for i in items])
        return [*found, float(np.mean(found))]

    *rates, mean = bootstrap_many([o.subject for o in outcomes], statistic, samples=samples, seed=seed)
    return {
        "froc": {f"{rate:g}": e for rate, e in zip(FALSE_POSITIVES_A_STUDY, rates, strict=True)},
        "froc_mean": mean,
    }


def evaluate_detector(detector: CandidateDetector, cases: Sequence[Case]) -> dict[str, Any]:
    """Runs the detector on gold cases and summarises; the interface of `evaluate` and of every training."""
    return summarise([outcome_of(case, detector) for case in cases])
