"""Folds by subject, alike in their classes: a patient is learnt from or judged, never both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detector.errors import ShapeError


def folds_by_subject(subjects: Sequence[str], labels: Sequence[int], folds: int, *, seed: int) -> list[int]:
    """The fold of each item, 0 to `folds` - 1. Subjects are dealt out in a drawn order, class by class (a
    subject's first), so that folds differ by one subject of a class at most.

    Raises:
        ShapeError: not one label an item, or fewer subjects than folds.

    >>> folds_by_subject(["a", "a", "b", "c", "d"], [0, 0, 0, 1, 1], 2, seed=0)
    [0, 0, 1, 0, 1]
    """
    if len(subjects) != len(labels):
        raise ShapeError("Folds need one label an item.")
    first = dict(zip(reversed(subjects), reversed(labels), strict=True))
    if len(first) < folds:
        raise ShapeError(f"{folds} folds need as many subjects; there are {len(first)}.")
    rng = np.random.default_rng(seed)
    names = sorted(first)
    drawn = [names[i] for i in rng.permutation(len(names))]
    dealt = {name: i % folds for i, name in enumerate(sorted(drawn, key=lambda name: first[name]))}
    return [dealt[name] for name in subjects]
