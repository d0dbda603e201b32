"""The order in which a round's studies are reviewed: most certain lesions first, and a random arm beside.

One place in ten is given to a study drawn at random, so that what the scores miss is seen too and every
strategy can be held against chance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

RANDOM_EVERY = 10


class Strategy(StrEnum):
    SCORE = "score"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A study in the queue: its id, and the score of its best candidate (None where it has none)."""

    id: str
    top_score: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """A study's place: `position` counts from 1, `strategy` says which arm put it there."""

    id: str
    position: int
    strategy: Strategy


def review_order(studies: Sequence[Waiting], seed: str) -> list[Place]:
    """All studies of a round in the order of their review; the same for the same ids, scores and seed.

    >>> [p.id for p in review_order([Waiting("a", 0.2), Waiting("b", 0.9), Waiting("c", None)], "r")]
    ['b', 'a', 'c']
    """
    drawn = sorted(studies, key=lambda s: _draw(s.id, seed))
    chance = drawn[: len(studies) // RANDOM_EVERY]
    taken = {s.id for s in chance}
    scored = sorted(
        (s for s in studies if s.id not in taken),
        key=lambda s: (s.top_score is None, -(s.top_score or 0.0), s.id),
    )
    places: list[Place] = []
    arms = iter(chance)
    for study in scored:
        places.append(Place(study.id, len(places) + 1, Strategy.SCORE))
        if len(places) % RANDOM_EVERY == RANDOM_EVERY - 1 and (other := next(arms, None)):
            places.append(Place(other.id, len(places) + 1, Strategy.RANDOM))
    places += [Place(s.id, len(places) + i, Strategy.RANDOM) for i, s in enumerate(arms, start=1)]
    return places


def _draw(id: str, seed: str) -> str:
    return hashlib.sha256(f"{seed}/{id}".encode()).hexdigest()
