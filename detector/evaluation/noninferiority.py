"""Whether a version is at least as good as another on the same gold cases: a paired bootstrap by subject.

A figure is not inferior where the 95 % interval of its difference lies above the margin (by default it may
cost at most 0.05). Strata are shown whatever their size, and count from LEAST_CASES cases up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.errors import ShapeError
from detector.evaluation.answers import STRATA, Answer
from detector.evaluation.bootstrap import bootstrap_many
from detector.evaluation.classification import f1
from detector.evaluation.froc import sensitivities

MARGIN = -0.05
LEAST_CASES = 20
SAMPLES = 2000
GATED: dict[str, tuple[str, ...]] = {
    "detector": ("p1td_1", "p1td_10", "froc_mean"),
    "key_slice_filter": ("mean_f1",),
    "characterizer": ("mean_f1",),
    "liver_segmenter": ("dice",),
}

Items = npt.NDArray[np.intp]


def compare_answers(
    kind: str, before: Sequence[Answer], after: Sequence[Answer], *, samples: int = SAMPLES, seed: int = 0
) -> dict[str, Any]:
    """{"cases", "subjects", "metrics", "strata"} of two versions' answers to the same cases.

    "metrics" maps the figures GATED[kind] to {"before", "after", "difference"}, estimates as in
    evaluation.bootstrap, all from the same resamples; "strata" are [{"by", "name", "cases", "metrics"}].

    Raises:
        ShapeError: no case, or not the same cases on both sides.
    """
    old = {a["study"]: a for a in before}
    new = {a["study"]: a for a in after}
    if not new or old.keys() != new.keys():
        raise ShapeError("Two versions are compared on the same gold cases, of which there is at least one.")
    studies = sorted(new)
    pairs = [(old[s], new[s]) for s in studies]

    def figures(chosen: Sequence[tuple[Answer, Answer]]) -> dict[str, Any]:
        return _figures(kind, chosen, samples, seed)

    strata = []
    for by in STRATA:
        names = sorted({a["strata"].get(by, "") for _, a in pairs} - {""})
        # One stratum of all cases says nothing that is not said already.
        for name in names if len(names) > 1 else []:
            chosen = [pair for pair in pairs if pair[1]["strata"].get(by) == name]
            strata.append({"by": by, "name": name, "cases": len(chosen), "metrics": figures(chosen)})
    return {
        "cases": len(pairs),
        "subjects": len({a["subject"] for _, a in pairs}),
        "metrics": figures(pairs),
        "strata": strata,
    }


def refusals(
    comparison: Mapping[str, Any], *, margin: float = MARGIN, least_cases: int = LEAST_CASES
) -> list[dict[str, Any]]:
    """What a comparison fails by, worst first: [{"metric", "stratum" (null: all cases), "lo"}]; an overall
    figure that could not be measured has a `lo` of None. Empty where the newer version is not inferior."""
    found = [
        {"metric": name, "stratum": None, "lo": m["difference"]["lo"]}
        for name, m in comparison["metrics"].items()
        if m["difference"]["lo"] is None or m["difference"]["lo"] <= margin
    ]
    for stratum in comparison["strata"]:
        if stratum["cases"] < least_cases:
            continue
        found += [
            {"metric": name, "stratum": stratum["name"], "lo": m["difference"]["lo"]}
            for name, m in stratum["metrics"].items()
            if m["difference"]["lo"] is not None and m["difference"]["lo"] <= margin
        ]
    return sorted(found, key=lambda one: -2.0 if one["lo"] is None else one["lo"])


def _figures(
    kind: str, pairs: Sequence[tuple[Answer, Answer]], samples: int, seed: int
) -> dict[str, dict[str, Any]]:
    names = GATED[kind]
    measure = _MEASURES[kind]
    old, new = measure([a for a, _ in pairs]), measure([b for _, b in pairs])

    def statistic(items: Items) -> list[float]:
        a, b = old(items), new(items)
        return [*a, *b, *(q - p for p, q in zip(a, b, strict=True))]

    found = bootstrap_many([a["subject"] for _, a in pairs], statistic, samples=samples, seed=seed)
    n = len(names)
    return {
        name: {"before": found[i], "after": found[n + i], "difference": found[2 * n + i]}
        for i, name in enumerate(names)
    }


def _detection(answers: Sequence[Answer]) -> Callable[[Items], list[float]]:
    ranks = np.array([a["primary_rank"] or np.inf for a in answers], dtype=float)
    judged = np.array([a["has_primary"] for a in answers], dtype=bool)
    scored = [np.array(a["scored"], dtype=float).reshape(-1, 2) for a in answers]
    lesions = [a["lesions"] for a in answers]

    def of(items: Items) -> list[float]:
        with_primary = ranks[items][judged[items]]
        p1td = [float((with_primary <= top).mean()) if with_primary.size else np.nan for top in (1, 10)]
        froc = sensitivities([scored[i] for i in items], [lesions[i] for i in items])
        return [*p1td, float(np.mean(froc))]

    return of


def _classification(answers: Sequence[Answer]) -> Callable[[Items], list[float]]:
    said = [np.array(a["said"], dtype=str).reshape(-1, 2) for a in answers]
    labels = sorted({str(label) for pairs in said for label in pairs.ravel()})

    def of(items: Items) -> list[float]:
        pairs = np.concatenate([said[i] for i in items])
        scores = np.array([f1(pairs[:, 0], pairs[:, 1], label) for label in labels])
        return [float(np.nanmean(scores)) if np.isfinite(scores).any() else np.nan]

    return of


def _overlap(answers: Sequence[Answer]) -> Callable[[Items], list[float]]:
    dice = np.array([np.nan if a["dice"] is None else a["dice"] for a in answers], dtype=float)

    def of(items: Items) -> list[float]:
        measured = dice[items][np.isfinite(dice[items])]
        return [float(measured.mean()) if measured.size else np.nan]

    return of


_MEASURES: dict[str, Callable[[Sequence[Answer]], Callable[[Items], list[float]]]] = {
    "detector": _detection,
    "key_slice_filter": _classification,
    "characterizer": _classification,
    "liver_segmenter": _overlap,
}
