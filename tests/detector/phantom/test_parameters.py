"""Evaluation phantoms come from outside what training phantoms are drawn from."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from detector.errors import PlanError
from detector.phantom.parameters import EVALUATION, TRAINING, Spans, draw_span, evaluation, training


@pytest.mark.parametrize("name", [f.name for f in fields(Spans)])
def test_evaluation_span_shares_no_value_with_training_span(name: str) -> None:
    for lo, hi in getattr(EVALUATION, name):
        for other_lo, other_hi in getattr(TRAINING, name):
            assert lo < hi
            assert hi < other_lo or other_hi < lo


def test_values_fill_the_union_of_the_intervals_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([draw_span(((0, 1), (5, 8)), rng) for _ in range(2000)])

    low, high = (drawn <= 1), (drawn >= 5) & (drawn <= 8)
    assert np.all((drawn >= 0) & (low | high))
    assert low.mean() == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize("make", [training, evaluation])
def test_a_grid_too_small_for_a_liver_is_refused(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PlanError, match="slices"):
        make(slices=3)
    with pytest.raises(PlanError, match="matrix"):
        make(matrix=8)


def test_an_unknown_class_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PlanError, match="hcc, icc, metastasis, benign"):
        training(lesion_class="cyst")
