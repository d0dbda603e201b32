"""A reader who knows the truth, or errs at stated rates, and what the reading costs: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.contracts import Candidate
from detector.data.cases import Case, Mark
from detector.evaluation.matching import HEADLINE_RULE, HIT_RULES

# What the paper states of its readers, a study: about a minute to click, fifteen to draw.
CLICK_S = 60.0
DRAW_S = 900.0


@dataclass(frozen=True, slots=True)
class Errors:
    """How often a reader rejects a candidate that hits a lesion, and accepts one that hits none."""

    missed: float = 0.0
    accepted_wrongly: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """The case as it was left, whether its primary lesion was drawn, and what that took (seconds)."""

    case: Case
    drawn: bool
    seconds: float


def read_study(
    case: Case, candidates: Sequence[Candidate], *, errors: Errors | None = None, draws: bool = True
) -> Reading:
    """A study read candidate by candidate, in the verdicts' meaning for a detector.

    The first candidate that hits a lesion is accepted with its own box, a further one on the same lesion is
    left undecided (ignored), as is one in the middle of a lesion that it is too small to hit; all others are
    rejected; `errors` turn some of it round. Where no candidate gave
    the primary lesion it is drawn, if the reader `draws`. What was missed stays unmarked, so the case is no
    longer complete.
    """
    hit = HIT_RULES[HEADLINE_RULE]
    truth = [m for m in case.marks if m.role == "positive"]
    errs = errors or Errors()
    chance = np.random.default_rng([errs.seed, *case.study.encode(), *case.subject.encode()])
    found: set[int] = set()
    marks = []
    for candidate in candidates:
        hits = [i for i, mark in enumerate(truth) if hit(candidate.box, mark.box)]
        new = [i for i in hits if i not in found]
        errs_here = chance.random() < (errs.missed if hits else errs.accepted_wrongly)
        if hits:
            role = "negative" if errs_here else "positive" if new else "ignored"
        elif any(mark.box.contains(candidate.box.centre_mm) for mark in truth):
            role = "ignored"  # it fits the lesion badly, which is not to say that there is none
        else:
            role = "positive" if errs_here else "negative"
        if role == "positive":
            found.update(hits)
        primary = role == "positive" and any(truth[i].primary for i in new)
        box = candidate.box
        marks.append(Mark(lo=box.lo, hi=box.hi, role=role, primary=primary))  # type: ignore[arg-type]
    missed = [m for i, m in enumerate(truth) if m.primary and i not in found]
    drawn = draws and bool(missed)
    if drawn:
        marks += [Mark(lo=m.lo, hi=m.hi, primary=True) for m in missed]
    read = case.model_copy(update={"marks": tuple(marks), "complete": False})
    return Reading(read, drawn, CLICK_S + (DRAW_S if drawn else 0.0))
