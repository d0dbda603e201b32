"""FROC: the share of lesions found against false positives a study."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FALSE_POSITIVES_A_STUDY = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


def sensitivities(
    scored: Sequence[npt.ArrayLike],
    lesions: Sequence[int],
    *,
    at: Sequence[float] = FALSE_POSITIVES_A_STUDY,
) -> list[float]:
    """Sensitivity at each rate of false positives: the best threshold that does not exceed the rate.

    Args:
        scored: for each study the (score, is true) pairs of matching.score_candidates, (N, 2).
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
    pairs = np.concatenate([np.asarray(s, dtype=float).reshape(-1, 2) for s in scored])
    pairs = pairs[np.argsort(-pairs[:, 0], kind="stable")]
    true, false = np.cumsum(pairs[:, 1]), np.cumsum(1 - pairs[:, 1])
    last_of_tie = np.append(pairs[1:, 0] != pairs[:-1, 0], True)[: len(pairs)]
    true, false = np.append(0.0, true[last_of_tie]), np.append(0.0, false[last_of_tie])
    # Both only grow down the list, so the last threshold that is allowed is the best.
    allowed = np.searchsorted(false, np.array(at) * len(scored) + 1e-9, side="right") - 1
    return [float(v) / total for v in true[allowed]]
