"""Table IV: the key slice filter, from random weights and from lesions that were measured on one slice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from detector.experiments.cells import Cells
from detector.experiments.sadt.cohorts import Cohorts, Harvest
from detector.experiments.sadt.settings import Settings


def table_iv(
    cells: Cells, settings: Settings, cohorts: Cohorts, read: Harvest
) -> tuple[Path, list[dict[str, Any]]]:
    """The filter that the pipelines use, and rows of figures on gold: from random weights, and where the
    settings say so from a segmentation that learnt lesions as they were measured on one slice.

    All learn from candidates of a detector that had not seen their studies.
    """
    weights, record = _train(cells, settings, cohorts, read, "ksf")
    rows = [{"name": "random weights", **record["metrics"]}]
    if settings.key_slices_pretrained:
        first, _ = cells.model(
            "ksf slices",
            "ksf",
            cohorts.measured,
            size=settings.key_slices.size,
            overrides={**_overrides(settings), "learns": "slices"},
        )
        _, record = _train(cells, settings, cohorts, read, "ksf pretrained", first)
        rows.append({"name": "lesions measured on one slice", **record["metrics"]})
    return weights, rows


def _overrides(settings: Settings) -> dict[str, Any]:
    return {**settings.key_slices.overrides, "seed": settings.seed}


def _train(
    cells: Cells, settings: Settings, cohorts: Cohorts, read: Harvest, name: str, first: Path | None = None
) -> tuple[Path, dict[str, Any]]:
    return cells.model(
        name,
        "ksf",
        cohorts.marked + read.cases,
        size=settings.key_slices.size,
        overrides=_overrides(settings),
        gold=cells.list("gold", cohorts.gold),
        initial_weights=first,
    )
