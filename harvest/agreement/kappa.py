"""Cohen's and Fleiss' kappa over verdicts, with percent and specific agreement beside them.

Kappa falls where one verdict is rare although readers agree (Feinstein and Cicchetti 1990), so it never
stands alone: the share of agreeing pairs and each verdict's own agreement say why it is as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detector.errors import ShapeError
from detector.evaluation.bootstrap import Estimate, bootstrap_sums
from detector.evaluation.shares import Share, share_by_study

_DRAWN = 4_000_000  # things drawn for an interval: of very many, fewer resamples do
Floats = npt.NDArray[np.float64]


class Rated(NamedTuple):
    """What readers said of one thing (a candidate) of a study, two or more of them."""

    study: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """`kappa` is null where nothing was rated twice, and where nobody ever used a second category: chance
    alone agrees always then. Without a second study it has no interval. `agreement` is the share of pairs of
    readers that say the same; `of_category` of those that say it too, given that one of them does.
    """

    items: int
    studies: int
    kappa: Estimate
    agreement: Share
    of_category: dict[str, Share]


def cohen(rated: Sequence[Rated], categories: Sequence[str], *, seed: int = 0) -> Agreement:
    """Unweighted kappa of two readers (Cohen 1960), resampled by study; verdicts in the readers' order.

    Raises:
        ShapeError: other than two verdicts a thing, or one that is no category.
    """
    if any(len(item.verdicts) != 2 for item in rated):
        raise ShapeError("Cohen's kappa is of two readers: two verdicts a thing.")
    firsts, seconds = (_counts([(item.verdicts[i],) for item in rated], categories) for i in (0, 1))
    k = len(categories)

    def chance(sums: Floats, items: Floats) -> Floats:
        return (sums[:, :k] * sums[:, k:]).sum(axis=1) / items**2

    return _agreement(rated, categories, np.hstack([firsts, seconds]), chance, seed)


def fleiss(rated: Sequence[Rated], categories: Sequence[str], *, seed: int = 0) -> Agreement:
    """Kappa of many readers, who may differ from thing to thing (Fleiss 1971), resampled by study.

    Differs from the paper: things may have been read by different numbers of readers.

    Raises:
        ShapeError: fewer than two verdicts on a thing, or one that is no category.
    """
    if any(len(item.verdicts) < 2 for item in rated):
        raise ShapeError("Agreement needs two verdicts a thing or more.")

    def chance(sums: Floats, items: Floats) -> Floats:
        return ((sums / sums.sum(axis=1, keepdims=True)) ** 2).sum(axis=1)

    counts = _counts([item.verdicts for item in rated], categories)
    return _agreement(rated, categories, counts, chance, seed)


def _counts(verdicts: Sequence[Sequence[str]], categories: Sequence[str]) -> Floats:
    """(things, categories): how often each was said."""
    if unknown := {v for said in verdicts for v in said} - set(categories):
        raise ShapeError(f"No category: {', '.join(sorted(unknown))}.")
    return np.array(
        [[said.count(c) for c in categories] for said in map(list, verdicts)], dtype=float
    ).reshape(-1, len(categories))


def _agreement(
    rated: Sequence[Rated],
    categories: Sequence[str],
    marginals: Floats,
    chance: Callable[[Floats, Floats], Floats],
    seed: int,
) -> Agreement:
    """`chance`: from sums of the marginals (rows, ...) and of things (rows,) to the agreement by chance."""
    studies = [item.study for item in rated]
    counts = _counts([item.verdicts for item in rated], categories)
    readers = counts.sum(axis=1)
    alike = (counts * (counts - 1)).sum(axis=1) / np.maximum(readers * (readers - 1), 1)
    table = np.column_stack([np.ones(len(rated)), alike, marginals]) if rated else np.zeros((0, 2))

    def kappa(sums: Floats) -> Floats:
        items, observed = sums[:, 0], sums[:, 1] / sums[:, 0]
        expected = chance(sums[:, 2:], items)
        return np.stack([(observed - expected) / (1 - expected), expected], axis=1)

    samples = max(200, min(1000, _DRAWN // max(1, len(rated))))
    none: Estimate = {"value": None, "lo": None, "hi": None, "n": 0}
    found, expected = bootstrap_sums(studies, table, kappa, samples=samples, seed=seed) or (none, none)
    agreement = share_by_study(studies, alike, np.ones(len(rated)))
    others = counts * (counts - 1) / np.maximum(readers - 1, 1)[:, None]
    return Agreement(
        items=len(rated),
        studies=len(set(studies)),
        kappa=_interval(found, expected["value"], agreement),
        agreement=agreement,
        of_category={
            c: share_by_study(studies, others[:, i], counts[:, i]) for i, c in enumerate(categories)
        },
    )


def _interval(kappa: Estimate, expected: float | None, agreement: Share) -> Estimate:
    """No interval from a single study; where all agree no resample disagrees, so the lower end is what kappa
    would be at the lower end of the agreement."""
    if kappa["value"] is None or agreement.studies < 2:
        return {**kappa, "lo": None, "hi": None}
    lowest = agreement.estimate["lo"]
    if agreement.estimate["value"] == 1.0 and lowest is not None and expected is not None:
        return {**kappa, "lo": (lowest - expected) / (1 - expected)}
    return kappa
