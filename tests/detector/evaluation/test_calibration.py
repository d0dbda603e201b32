"""Shares that mean what they say have no error; a temperature mends those that boast."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.data.folds import folds_by_subject
from detector.errors import ShapeError
from detector.evaluation.calibration import calibration_error, fit_temperature, tempered


def cases(n: int, boast: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `boast` times too sure of labels drawn by what they should have said."""
    rng = np.random.default_rng(4)
    honest = rng.normal(0, 1.5, (n, 4))
    labels = np.array([rng.choice(4, p=row) for row in tempered(honest, None)])
    return boast * honest, labels


def test_the_temperature_is_how_much_too_sure_the_logits_are() -> None:
    logits, labels = cases(4000, boast=3)
    assert fit_temperature(logits, labels) == pytest.approx(3, rel=0.1)


def test_a_temperature_mends_the_error_and_leaves_the_answers() -> None:
    logits, labels = cases(2000, boast=3)
    names = [str(i) for i in range(len(labels))]
    before = calibration_error(tempered(logits, None), labels, names, samples=50)
    after_shares = tempered(logits, fit_temperature(logits, labels))
    after = calibration_error(after_shares, labels, names, samples=50)
    assert before["value"] > 0.15
    assert after["value"] < 0.04
    assert (after_shares.argmax(1) == logits.argmax(1)).all()


def test_the_error_of_a_known_table() -> None:
    # Sure of 0.9 and right in three of four; sure of 0.6 and always right: (0.15 x 4 + 0.4 x 2) / 6.
    shares = [[0.9, 0.1]] * 4 + [[0.6, 0.4]] * 2
    found = calibration_error(shares, [0, 0, 0, 1, 0, 0], list("abcdef"), samples=20)
    assert found["value"] == pytest.approx((0.15 * 4 + 0.4 * 2) / 6)


def test_no_case_has_no_temperature() -> None:
    with pytest.raises(ShapeError):
        fit_temperature(np.zeros((0, 4)), [])
    assert calibration_error(np.zeros((0, 4)), [], [])["value"] is None


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=10, max_size=40), st.integers(2, 5))
def test_folds_never_part_a_subject_and_are_alike(items: list[tuple[int, int]], folds: int) -> None:
    subjects = [f"s{s}" for s, _ in items] + [f"s{i}" for i in range(10)]
    labels = [label for _, label in items] + [0] * 10
    found = folds_by_subject(subjects, labels, folds, seed=1)
    of_subject = {(s, f) for s, f in zip(subjects, found, strict=True)}
    assert len(of_subject) == len(set(subjects))
    sizes = [sum(f == k for _, f in of_subject) for k in range(folds)]
    assert max(sizes) - min(sizes) <= 1
