"""What a model said of one gold case, as plain JSON that is kept: figures of two versions can be compared on
the same cases long after, case by case.

An answer is {"study", "subject", "strata", ...} with, by kind of model:

- detector: "primary_rank" (1 is the best candidate; null: none of the first DECODED_TOP hits), "has_primary",
  "scored" ([score, is true] pairs for FROC) and "lesions" (their number);
- key slice filter and characterizer: "said", [[truth, answer], ...] of labels;
- liver segmenter: "dice", null where the case has no mask.

`strata` says of which kind the case is, by STRATA.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from detector import registry
from detector.contracts import CandidateDetector
from detector.data.cases import Case
from detector.errors import UnknownNameError
from detector.evaluation.matching import HEADLINE_RULE, HIT_RULES, primary_hit, score_candidates
from detector.evaluation.report import DECODED_TOP, outcome_of

STRATA = ("size", "phases", "site")
SIZES_MM = ((20.0, "< 20 mm"), (50.0, "20 to 50 mm"))
LARGEST = "> 50 mm"

Answer = dict[str, Any]


@runtime_checkable
class Answering(Protocol):
    """A model family whose versions can be gated."""

    def answer(self, model: Any, case: Case) -> dict[str, Any]:
        """What a loaded model says of a gold case: the keys of its kind."""
        ...


def answer_of(name: str, model: Any, case: Case) -> Answer:
    """The answer of a model (that family `name` loaded) to one case.

    Raises:
        UnknownNameError: the family does not answer case by case.
        ReadError: an image cannot be read.
    """
    family = registry.family(name)
    if not isinstance(family, Answering):
        raise UnknownNameError(f"Versions of family {name} cannot be judged case by case.")
    return {
        "study": case.study,
        "subject": case.subject,
        "strata": strata_of(case),
        **family.answer(model, case),
    }


def strata_of(case: Case) -> dict[str, str]:
    """{"size": of the largest primary lesion, in the axial plane, "phases", "site"}; empty where unknown."""
    positives = [m for m in case.marks if m.role == "positive"]
    primary = [m for m in positives if m.primary] or positives
    across = max((max(m.box.size_mm[:2]) for m in primary), default=None)
    return {
        "size": "" if across is None else next((name for up, name in SIZES_MM if across < up), LARGEST),
        "phases": " + ".join(sorted(case.images)),
        "site": case.site,
    }


def detector_answer(model: CandidateDetector, case: Case) -> dict[str, Any]:
    """A detector's keys, by the headline rule of what a hit is."""
    outcome, rule = outcome_of(case, model), HIT_RULES[HEADLINE_RULE]
    ranks = range(1, DECODED_TOP + 1)
    return {
        "primary_rank": next((top for top in ranks if primary_hit(outcome, top, rule)), None),
        "has_primary": any(outcome.primary),
        "scored": [[float(score), int(true)] for score, true in score_candidates(outcome, rule)],
        "lesions": len(outcome.lesions),
    }
