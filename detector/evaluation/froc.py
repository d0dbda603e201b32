"""FROC: the share of lesions found against false positives a study."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FALSE_POSITIVES_A_STUDY = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


def sensitivities(
    scored: Sequence[Sequence[tuple[float, bool]]],
    lesions: Sequence[int],
    *,
    at: Sequence[float] = FALSE_POSITIVES_A_STUDY,
) -> list[float]:
    """Sensitivity at each rate of false positives: the best threshold that does not exceed the rate.

    Args:
        scored: for each study the (score, is true) pairs of matching.score_candidates.
        lesions: for each study its number of lesions.
    Returns:
        One share in [0, 1] a rate; NaN throughout where there is no lesion. Candidates of equal score
        pass a threshold together.

    >>> sensitivities([[(0.9, True), (0.5, False), (0.4, True)]], [2], at=(0.125, 1.0))
    [0.5, 1.0]
    """
    total = sum(lesions)
    if total == 0:
        return [float("nan")] * len(at)
    pairs = sorted((p for study in scored for p in study), key=lambda p: -p[0])
    scores = np.array([p[0] for p in pairs])
    true = np.cumsum([p[1] for p in pairs]) if pairs else np.zeros(0)
    false = np.cumsum([not p[1] for p in pairs]) if pairs else np.zeros(0)
    last_of_tie = np.append(scores[1:] != scores[:-1], True) if pairs else np.zeros(0, bool)
    true, false = true[last_of_tie], false[last_of_tie]
    out = []
    for rate in at:
        allowed = true[false <= rate * len(scored) + 1e-9]
        out.append(float(allowed.max()) / total if allowed.size else 0.0)
    return out
