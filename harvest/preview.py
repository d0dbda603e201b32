"""What another detector would change in a study: pure rules on boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from detector.evaluation.matching import HEADLINE_RULE, HIT_RULES
from detector.geometry import Box3D

_hits = HIT_RULES[HEADLINE_RULE]


class Change(StrEnum):
    """Worst first: a person's word is contradicted, then what is proposed first is another, then any other
    candidate comes or goes."""

    LOSES_LESION = "loses_lesion"
    MISSES_LESION = "misses_lesion"
    BEST_WAS_REJECTED = "best_was_rejected"
    FINDS_LESION = "finds_lesion"
    OTHER_BEST = "other_best"
    OTHERS = "others"


def changes(
    old: Sequence[Box3D], new: Sequence[Box3D], *, lesions: Iterable[Box3D], rejected: Iterable[Box3D]
) -> list[Change]:
    """What differs, worst first; empty where a reader would see the same.

    Args:
        old, new: candidates as they are shown, best first.
        lesions: curated ones. rejected: candidates that readers judged to be no lesion.
    """
    found: set[Change] = set()
    known = list(lesions)
    for lesion in known:
        before, after = _hit(lesion, old), _hit(lesion, new)
        if not after:
            found.add(Change.LOSES_LESION if before else Change.MISSES_LESION)
        elif not before:
            found.add(Change.FINDS_LESION)
    if new and not _hit(new[0], known) and any(_hits(new[0], box) for box in rejected):
        found.add(Change.BEST_WAS_REJECTED)
    if bool(old) != bool(new) or (old and new and not _hits(new[0], old[0])):
        found.add(Change.OTHER_BEST)
    if any(not _hit(box, old) for box in new) or any(not _hit(box, new) for box in old):
        found.add(Change.OTHERS)
    return [change for change in Change if change in found]


def priority(found: Sequence[Change]) -> float:
    """In (0, 1]: what contradicts people most is read first."""
    return 1 - list(Change).index(found[0]) / len(Change)


def _hit(box: Box3D, others: Iterable[Box3D]) -> bool:
    return any(_hits(other, box) for other in others)
