"""Cohen's and Fleiss' kappa over verdicts, with percent and specific agreement beside them.

Kappa falls where one verdict is rare although readers agree (Feinstein and Cicchetti 1990), so it never
stands alone: the share of agreeing pairs and each verdict's own agreement say why it is as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detector.errors import ShapeError
from detector.evaluation.bootstrap import Estimate, bootstrap_sums
from detector.evaluation.shares import Share, share_of

Floats = npt.NDArray[np.float64]


class Rated(NamedTuple):
    """What readers said of one thing (a candidate) of a study, two or more of them."""

    study: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """What was said of things, counted: figures of many groups of them cost little from here.

    `study` (things,) is the place of each thing's study in `studies`; `said` (things, categories) how often
    each verdict was said of it; `first` and `second` (things,) the places of its first two verdicts.
    """

    categories: Sequence[str]
    studies: npt.NDArray[np.str_]
    study: npt.NDArray[np.intp]
    said: Floats
    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]

    def of(self, chosen: npt.NDArray[np.bool_]) -> Tally:
        """Of some of the things (things,) alone."""
        names = ("study", "said", "first", "second")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    def confusion(self) -> npt.NDArray[np.intp]:
        """(categories, categories): things by the verdict of their first and of their second reader."""
        k = len(self.categories)
        return np.bincount(self.first * k + self.second, minlength=k * k).reshape(k, k)


def tally(rated: Sequence[Rated], categories: Sequence[str]) -> Tally:
    """Counts what readers said of things, in the things' order.

    Raises:
        ShapeError: fewer than two verdicts on a thing, or one that is no category.
    """
    if any(len(item.verdicts) < 2 for item in rated):
        raise ShapeError("Agreement needs two verdicts a thing or more.")
    place = {c: i for i, c in enumerate(categories)}
    if unknown := {v for item in rated for v in item.verdicts} - place.keys():
        raise ShapeError(f"No category: {', '.join(sorted(unknown))}.")
    studies, study = np.unique(np.array([item.study for item in rated], dtype=str), return_inverse=True)
    said = np.zeros((len(rated), len(categories)))
    thing = np.array([i for i, item in enumerate(rated) for _ in item.verdicts], dtype=np.intp)
    verdict = np.array([place[v] for item in rated for v in item.verdicts], dtype=np.intp)
    np.add.at(said, (thing, verdict), 1)
    first, second = (np.array([place[item.verdicts[i]] for item in rated], dtype=np.intp) for i in (0, 1))
    return Tally(categories, studies, study, said, first, second)


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


def cohen(said: Tally, *, seed: int = 0) -> Agreement:
    """Unweighted kappa of two readers (Cohen 1960), resampled by study; verdicts in the readers' order.

    Raises:
        ShapeError: other than two verdicts a thing.
    """
    if np.any(said.said.sum(axis=1) != 2):
        raise ShapeError("Cohen's kappa is of two readers: two verdicts a thing.")
    k = len(said.categories)

    def chance(sums: Floats, items: Floats) -> Floats:
        return (sums[:, :k] * sums[:, k:]).sum(axis=1) / items**2

    each = np.eye(k)
    return _agreement(said, np.hstack([each[said.first], each[said.second]]), chance, seed)


def fleiss(said: Tally, *, seed: int = 0) -> Agreement:
    """Kappa of many readers, who may differ from thing to thing (Fleiss 1971), resampled by study.

    Differs from the paper: things may have been read by different numbers of readers.
    """

    def chance(sums: Floats, items: Floats) -> Floats:
        return ((sums / sums.sum(axis=1, keepdims=True)) ** 2).sum(axis=1)

    return _agreement(said, said.said, chance, seed)


def _agreement(
    said: Tally, marginals: Floats, chance: Callable[[Floats, Floats], Floats], seed: int
) -> Agreement:
    """`chance`: from sums of the marginals (rows, ...) and of things (rows,) to the agreement by chance."""

    def kappa(sums: Floats) -> Floats:
        items, observed = sums[:, 0], sums[:, 1] / sums[:, 0]
        expected = chance(sums[:, 2:], items)
        return np.stack([(observed - expected) / (1 - expected), expected], axis=1)

    k, counts, readers = len(said.categories), said.said, said.said.sum(axis=1)
    echoes = counts * (counts - 1)
    alike = echoes.sum(axis=1) / np.maximum(readers * (readers - 1), 1)
    things = [np.ones(len(counts)), alike, counts, echoes / np.maximum(readers - 1, 1)[:, None], marginals]
    present, owner = np.unique(said.study, return_inverse=True)
    sums = np.zeros((len(present), 2 + 2 * k + marginals.shape[1]))
    np.add.at(sums, owner, np.column_stack(things))
    items, same, of_each, echoed = sums[:, 0], sums[:, 1], sums[:, 2 : 2 + k], sums[:, 2 + k : 2 + 2 * k]
    none: Estimate = {"value": None, "lo": None, "hi": None, "n": 0}
    table = np.column_stack([items, same, sums[:, 2 + 2 * k :]])
    found, expected = bootstrap_sums(said.studies[present], table, kappa, seed=seed) or (none, none)
    agreement = share_of(same, items)
    return Agreement(
        items=len(counts),
        studies=len(present),
        kappa=_interval(found, expected["value"], agreement),
        agreement=agreement,
        of_category={c: share_of(echoed[:, i], of_each[:, i]) for i, c in enumerate(said.categories)},
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
