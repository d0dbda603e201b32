"""A cell is computed once; a run that was killed loses the one it was at; other settings are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.data.cases import Case, Mark
from detector.errors import PlanError
from detector.experiments.cells import Cells
from detector.experiments.sadt.cohorts import measured_on_one_slice


def silent(_: str) -> None:
    pass


def test_a_cell_is_kept_and_a_killed_one_is_computed_again(tmp_path: Path) -> None:
    cells, computed = Cells(tmp_path, silent), []

    def compute() -> dict[str, int]:
        computed.append(1)
        if len(computed) == 1:
            raise KeyboardInterrupt
        return {"value": 7}

    with pytest.raises(KeyboardInterrupt):
        cells.cell("a name, of words", compute)
    assert cells.cell("a name, of words", compute)["value"] == 7
    assert Cells(tmp_path, silent).cell("a name, of words", compute)["value"] == 7
    assert len(computed) == 2
    assert [p.name for p in (tmp_path / "cells").iterdir()] == ["a-name-of-words.json"]


def test_a_folder_holds_one_experiment(tmp_path: Path) -> None:
    cells = Cells(tmp_path, silent)
    cells.settle({"seed": 1})
    cells.settle({"seed": 1})
    with pytest.raises(PlanError, match="other settings"):
        cells.settle({"seed": 2})


def test_lesions_measured_on_one_slice_are_as_deep_as_wide_and_nobody_calls_them_primary() -> None:
    marks = [Mark(lo=(0, 0, 0), hi=(20, 30, 60), primary=True) for _ in range(40)]
    told = Case(
        study="s",
        subject="s",
        reference_phase="portal_venous",
        images={"portal_venous": "x"},
        marks=tuple(marks),
    )
    measured = measured_on_one_slice(told, np.random.default_rng(0))
    assert 8 < len(measured.marks) < 32
    assert not measured.complete
    assert {(m.lo, m.hi, m.primary) for m in measured.marks} == {((0, 0, 20), (20, 30, 40), False)}
