"""From predicted areas to the key slice, and from scores to the candidate to suggest. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from detector.errors import ShapeError

PRIMARY_THRESHOLD = 0.5


def key_offset(areas_mm2: Sequence[float]) -> int:
    """The position of the greatest area; of equal ones, the nearest to the middle. Where every area is 0
    that is the middle slice.

    Differs from the paper: a slice counts together with its two neighbours, so that a single slice on which
    the segmentation failed or ran over does not decide. A slice of area 0 wins only where all are 0.

    Raises:
        ShapeError: no areas.

    >>> key_offset([0, 40.0, 90.0, 10.0]), key_offset([0, 0, 0])
    (2, 1)
    >>> key_offset([95.0, 10.0, 60.0, 80.0, 70.0])
    3
    """
    if not areas_mm2:
        raise ShapeError("A box has at least one slice.")
    middle = (len(areas_mm2) - 1) / 2

    def rank(i: int) -> tuple[float, float]:
        around = sum(areas_mm2[max(i - 1, 0) : i + 2]) if areas_mm2[i] > 0 else 0.0
        return around, -abs(i - middle)

    return max(range(len(areas_mm2)), key=rank)


def suggest_primary(
    scores: Sequence[float], primary_scores: Sequence[float], *, threshold: float = PRIMARY_THRESHOLD
) -> int | None:
    """Which candidate is suggested as the primary lesion: among those judged primary (score of at least
    `threshold`) the one of the highest detector score; if none is, the greatest product of both scores.

    SaDT, stage 3; the paper leaves the second case open. Ties go to the earlier candidate. No candidates
    give None.

    Raises:
        ShapeError: not one primary score for each detector score.

    >>> suggest_primary([0.9, 0.6, 0.5], [0.2, 0.7, 0.9])
    1
    >>> suggest_primary([0.9, 0.6], [0.1, 0.4])
    1
    """
    if len(scores) != len(primary_scores):
        raise ShapeError("Each candidate needs one detector score and one primary score.")
    primary = [i for i, p in enumerate(primary_scores) if p >= threshold]
    if primary:
        return max(primary, key=lambda i: scores[i])
    return max(range(len(scores)), key=lambda i: scores[i] * primary_scores[i], default=None)
