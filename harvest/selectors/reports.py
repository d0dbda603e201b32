"""Reports of rounds: what each point learned from, and what it came to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch

from harvest.models import ReportPoint, RoundReport
from harvest.selectors.versions import headline

FIGURES = ("p1td_1", "p1td_10", "froc_mean")


def reports(round_id: UUID) -> list[RoundReport]:
    """All reports of a round, latest first, with their points."""
    points = Prefetch("points", ReportPoint.objects.select_related("run__result", "release"))
    rows = RoundReport.objects.filter(round=round_id).select_related("round", "owner")
    judged = rows.select_related("with_without", "with_random").prefetch_related(points)
    return list(judged.order_by("-created_at"))


def figures(point: ReportPoint) -> dict[str, Any]:
    """{"p1td_1", "p1td_10", "froc_mean"} of the detector that a point made; None where there is none."""
    made = point.run.result if point.run else None
    return {name: headline(made.metrics, name) if made else None for name in FIGURES}
