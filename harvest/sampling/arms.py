"""Which studies of a round are in the random arm, whatever its strategy is.

The arm is drawn when the round begins, before any score is known, and its studies stay in it: what the
strategy never shows is seen all the same, and every strategy can be held against chance. A study's chance of
being drawn, its propensity, is the same for all: the share that was drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from harvest.domain import Strategy


def random_arm(ids: Iterable[str], *, share: float, seed: str) -> frozenset[str]:
    """`drawn` studies, at least one where share > 0 and there are two or more.

    >>> len(random_arm(map(str, range(40)), share=0.1, seed="r")), random_arm(["a"], share=0.1, seed="r")
    (4, frozenset())
    """
    ids = list(ids)
    if share <= 0 or len(ids) < 2:
        return frozenset()
    return drawn(ids, count=max(1, round(share * len(ids))), seed=seed)


def drawn(ids: Iterable[str], *, count: int, seed: str) -> frozenset[str]:
    """Exactly so many of the ids, each as likely; the same for the same ids and seed, in any order."""
    return frozenset(sorted(ids, key=lambda id: chance(id, seed))[:count])


def chance(id: str, seed: str) -> float:
    """A number in (0, 1) drawn for an id; uniform over ids, and the same for the same id and seed."""
    number = int.from_bytes(hashlib.sha256(f"{seed}/{id}".encode()).digest()[:6], "big")
    return (number + 0.5) / 2**48


def is_stratified(arm: Strategy) -> bool:
    """Whether an arm draws a class of pathology first, each as often as the others, then its best study."""
    return arm is Strategy.UNCERTAINTY
