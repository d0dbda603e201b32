"""What a round's strategy brought beside its random arm: figures of the studies that were reviewed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db.models import Count, Sum

from detector.evaluation.bootstrap import Estimate, bootstrap_sums
from detector.evaluation.shares import wilson
from harvest.domain import Strategy
from harvest.models import HarvestRound, Labour, Lesion, RoundStudy

FIGURES = ("with_lesion", "lesions_a_study", "seconds_a_study", "lesions_a_minute")


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a round. Figures are of its reviewed studies, with 95 % intervals by subject: the share
    with a lesion, lesions and active seconds a study, and lesions a minute."""

    arm: Strategy
    studies: int
    reviewed: int
    figures: dict[str, Estimate]


def arms_of_round(parent: HarvestRound) -> list[Arm]:
    """The strategy's arm and the random one, in this order; figures without a reviewed study are null.
    Hidden cases and studies drawn from scratch are no part of either."""
    in_round = RoundStudy.objects.filter(round=parent, hidden="", from_scratch=False)
    sizes = dict(in_round.order_by().values_list("arm").annotate(n=Count("pk")))
    done = in_round.filter(settled_at__isnull=False).values_list("pk", "arm", "study__subject_id")
    lesions = _lesions(parent)
    seconds = _seconds(parent)
    rows: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
    for id, arm, subject in done:
        rows[arm].append((str(subject), lesions.get(id, 0), seconds.get(id, 0.0)))
    return [
        Arm(arm, sizes.get(arm, 0), len(rows[arm]), _figures(rows[arm]))
        for arm in dict.fromkeys((Strategy(parent.strategy), Strategy.RANDOM))
    ]


def _figures(rows: list[tuple[str, int, float]]) -> dict[str, Estimate]:
    table = [(1, found > 0, found, spent, spent / 60) for _, found, spent in rows]

    def figures(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        studies, with_lesion, lesions, seconds, minutes = sums.T
        return np.stack(
            [with_lesion / studies, lesions / studies, seconds / studies, lesions / minutes], axis=1
        )

    none: Estimate = {"value": None, "lo": None, "hi": None, "n": 0}
    estimates = bootstrap_sums([subject for subject, _, _ in rows], table, figures) if rows else []
    named = dict(zip(FIGURES, estimates or [none] * len(FIGURES), strict=True))
    return named | {"with_lesion": _share(named["with_lesion"])}


def _share(estimate: Estimate) -> Estimate:
    """A share with Wilson's interval: resampling a few studies that are all alike would show none."""
    if estimate["value"] is None:
        return estimate
    lo, hi = wilson(estimate["value"], estimate["n"])
    return {**estimate, "lo": lo, "hi": hi}


def _lesions(parent: HarvestRound) -> dict[UUID, int]:
    """Lesions that stand, by the study of the round from which they came: accepted there, or drawn there."""
    of_round = Lesion.objects.filter(round_study__round=parent, retired_at=None, settled=True)
    return dict(of_round.order_by().values_list("round_study_id").annotate(n=Count("pk")))


def _seconds(parent: HarvestRound) -> dict[UUID, float]:
    """Active seconds by study of the round."""
    spent = Labour.objects.filter(reading__round=parent).order_by()
    return dict(spent.values_list("reading__round_study").annotate(s=Sum("seconds")))
