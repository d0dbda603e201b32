"""What each strategy gives a study of a round: the higher, the earlier it is reviewed.

A priority is worked out once, when the round has run on the study, from its candidates and a number that
was drawn for it; so the queue is one index, and the order can be told again from what is stored.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harvest.domain import Strategy

TOP = 10  # candidates of a study that count
# A study without candidates is drawn this much less often by the foreground-aware strategy.
BACKGROUND_WEIGHT = 0.1
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Seen:
    """A candidate as strategies see it: its score in [0, 1], and that of each phase which supported it."""

    score: float
    phase_scores: Mapping[str, float] = field(default_factory=dict)


def priority_of(strategy: Strategy, seen: Sequence[Seen], *, phases: int, chance: float) -> float:
    """The priority of a study.

    SCORE goes from its best candidate down. FOREGROUND draws at random, studies with candidates ten times
    as often as those without (weighted sampling without replacement; Efraimidis and Spirakis 2006).
    UNCERTAINTY is the entropy of the candidates, summed, with power noise: its logarithm plus Gumbel noise,
    so that studies are drawn in proportion to it (Kirsch et al. 2021); the queue takes classes in turn.
    DISAGREEMENT is how far the phases' scores lie apart, summed. RANDOM is the number that was drawn.

    Args:
        seen: the candidates, in any order.
        phases: how many phases the study has; one that did not support a candidate scores 0.
        chance: in (0, 1), drawn for the study.
    Differs from ClaSP PE: a study's entropy comes from its candidates, not from voxels, and stands without
        test-time augmentation, since a round runs the detector once a phase.

    >>> priority_of(Strategy.SCORE, [Seen(0.2), Seen(0.7)], phases=1, chance=0.5)
    0.7
    >>> priority_of(Strategy.SCORE, [], phases=1, chance=0.5)
    -1.0
    """
    top = sorted(seen, key=lambda s: -s.score)[:TOP]
    match strategy:
        case Strategy.SCORE:
            return top[0].score if top else -1.0
        case Strategy.FOREGROUND:
            weight = 1.0 if top else BACKGROUND_WEIGHT
            return math.log(chance) / weight
        case Strategy.UNCERTAINTY:
            gumbel = -math.log(-math.log(chance))
            return math.log(sum(entropy(s.score) for s in top) + _LEAST) + gumbel
        case Strategy.DISAGREEMENT:
            return sum(disagreement(s.phase_scores, phases) for s in top)
        case Strategy.RANDOM:
            return chance


def entropy(score: float) -> float:
    """Of a yes or no with this chance, in nats.

    >>> round(entropy(0.5), 3), entropy(1.0)
    (0.693, 0.0)
    """
    return 0.0 - sum(p * math.log(p) for p in (score, 1 - score) if p > 0)


def disagreement(phase_scores: Mapping[str, float], phases: int) -> float:
    """Standard deviation of a candidate's scores over the study's phases; 0 where there is one phase.

    >>> disagreement({"arterial": 0.8}, 2), disagreement({"arterial": 0.8}, 1)
    (0.4, 0.0)
    """
    scores = [*phase_scores.values()]
    return statistics.pstdev(scores + [0.0] * max(0, phases - len(scores))) if scores else 0.0
