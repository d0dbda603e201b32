"""Table IV: the key slice filter, from random weights and from lesions that were measured on one slice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from detector.data.cases import Case, Mark
from detector.experiments.cells import Cells
from detector.experiments.sadt.cohorts import Cohorts, Harvest
from detector.experiments.sadt.settings import Settings

MEASURED_SHARE = 0.5  # of the lesions; DeepLesion's readers left about as many unmarked


def table_iv(
    cells: Cells, settings: Settings, cohorts: Cohorts, read: Harvest
) -> tuple[Path, list[dict[str, Any]]]:
    """The filter that the pipelines use, and rows of figures on gold: from random weights, and where the
    settings say so from a segmentation that learnt the public studies' lesions as measured on one slice.

    All learn from candidates of a detector that had not seen their studies.
    """
    weights, record = _train(cells, settings, cohorts, read, "ksf")
    rows = [{"name": "random weights", **record["metrics"]}]
    if settings.key_slices_pretrained:
        rng = np.random.default_rng(settings.seed)
        first, _ = cells.model(
            "ksf slices",
            "ksf",
            [measured_on_one_slice(case, rng) for case in cohorts.public],
            size=settings.key_slices.size,
            overrides={**_overrides(settings), "learns": "slices"},
        )
        _, record = _train(cells, settings, cohorts, read, "ksf pretrained", first)
        rows.append({"name": "lesions measured on one slice", **record["metrics"]})
    return weights, rows


def measured_on_one_slice(case: Case, rng: np.random.Generator) -> Case:
    """A case as a set of measurements has it: some of its lesions, as deep as they are wide where they are
    narrowest, none of them called primary; the rest unmarked."""
    kept = [mark for mark in case.marks if mark.role == "positive" and rng.random() < MEASURED_SHARE]
    marks = tuple(_as_measured(mark) for mark in kept)
    return case.model_copy(update={"marks": marks, "complete": False})


def _as_measured(mark: Mark) -> Mark:
    box = mark.box
    half, middle = min(box.size_mm[:2]) / 2, box.centre_mm[2]
    lo, hi = (*box.lo[:2], middle - half), (*box.hi[:2], middle + half)
    return mark.model_copy(update={"lo": lo, "hi": hi, "primary": False})


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
