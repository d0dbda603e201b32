"""Whether shares mean what they say: expected calibration error, and the temperature that mends it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from detector.errors import ShapeError
from detector.evaluation.bootstrap import Estimate, bootstrap

Floats = npt.NDArray[np.float64]
COOLEST, HOTTEST = 0.05, 20.0
BINS = 10


def fit_temperature(logits: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """The T of softmax(logits / T) that the labels are likeliest under (Guo et al. 2017), between COOLEST and
    HOTTEST: one number, which no answer's order depends on.

    Args:
        logits: (N, C) of cases that the network has not learnt from.
        labels: (N,) indices of the classes.
    Raises:
        ShapeError: no case, or not one label a case.

    >>> round(fit_temperature([[2.0, 0.0]] * 3, [0, 0, 1]), 2)  # right in two of three: ln 2 apart
    2.89
    """
    scores, truth = np.asarray(logits, dtype=float), np.asarray(labels, dtype=int)
    if scores.ndim != 2 or not len(scores) or truth.shape != scores.shape[:1]:
        raise ShapeError("A temperature needs (N, C) logits with a label each.")

    def surprise(log_t: float) -> float:
        said = log_softmax(scores / np.exp(log_t), axis=1)
        return float(-said[np.arange(len(truth)), truth].mean())

    found = minimize_scalar(surprise, bounds=(np.log(COOLEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def calibration_error(
    shares: npt.ArrayLike, labels: npt.ArrayLike, subjects: list[str], *, samples: int = 1000, seed: int = 0
) -> Estimate:
    """Expected calibration error of the first answer: how far its share lies from how often it is right, on
    average over BINS bins of equal width. With few cases it is above zero by chance alone.

    Args:
        shares: (N, C), each row summing to 1.
        labels: (N,) indices of the classes.
        subjects: N names, by which the interval is resampled.
    Raises:
        ShapeError: not one label and subject a case.
    """
    said, truth = np.asarray(shares, dtype=float), np.asarray(labels, dtype=int)
    if said.ndim != 2 or not len(said) == len(truth) == len(subjects):
        raise ShapeError("Calibration needs (N, C) shares with a label and a subject each.")
    sure = said.max(axis=1, initial=0.0)
    right = (said.argmax(axis=1) == truth).astype(float) if len(said) else np.zeros(0)
    bin_of = np.minimum((sure * BINS).astype(int), BINS - 1)

    def error(items: npt.NDArray[np.intp]) -> float:
        gap = np.bincount(bin_of[items], weights=sure[items] - right[items], minlength=BINS)
        return float(np.abs(gap).sum() / len(items))

    return bootstrap(subjects, error, samples=samples, seed=seed)


def tempered(logits: npt.ArrayLike, temperature: float | None) -> Floats:
    """softmax(logits / temperature) along the last axis; without a temperature the plain softmax."""
    shares: Floats = softmax(np.asarray(logits, dtype=float) / (temperature or 1.0), axis=-1)
    return shares
