"""Accuracy and F1 of a classifier, with intervals by subject."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from detector.errors import ShapeError
from detector.evaluation.bootstrap import Estimate, bootstrap


def f1(truth: npt.NDArray[np.str_], said: npt.NDArray[np.str_], label: str) -> float:
    """F1 of one label, 2 TP / (2 TP + FP + FN); NaN where neither side has it."""
    both = int(((truth == label) & (said == label)).sum())
    either = int((truth == label).sum() + (said == label).sum())
    return 2 * both / either if either else float("nan")


def classification_report(
    truth: Sequence[str],
    said: Sequence[str],
    subjects: Sequence[str],
    labels: Sequence[str],
    *,
    samples: int = 2000,
    seed: int = 0,
) -> dict[str, Estimate | dict[str, Estimate]]:
    """{"accuracy", "mean_f1", "f1": {label: Estimate}}; the mean F1 is over labels that occur on either side.

    Raises:
        ShapeError: truth, answers and subjects differ in length.
    """
    if not len(truth) == len(said) == len(subjects):
        raise ShapeError("Truth, answers and subjects must have the same length.")
    t, s = np.asarray(truth, dtype=str), np.asarray(said, dtype=str)

    def mean_f1(items: npt.NDArray[np.intp]) -> float:
        scores = np.array([f1(t[items], s[items], label) for label in labels])
        return float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")

    def one(label: str) -> Estimate:
        return bootstrap(subjects, lambda i: f1(t[i], s[i], label), samples=samples, seed=seed)

    accuracy = bootstrap(subjects, lambda i: float((t[i] == s[i]).mean()), samples=samples, seed=seed)
    return {
        "accuracy": accuracy,
        "mean_f1": bootstrap(subjects, mean_f1, samples=samples, seed=seed),
        "f1": {label: one(label) for label in labels},
    }
