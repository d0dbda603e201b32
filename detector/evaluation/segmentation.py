"""How well a liver is outlined: overlap, distance of the surfaces and volume, with intervals by subject."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from detector.contracts import LiverSegmenter
from detector.data.cases import Case
from detector.data.images import load_case
from detector.errors import ShapeError
from detector.evaluation.bootstrap import mean_estimate
from detector.geometry import VolumeGeometry


@dataclass(frozen=True, slots=True)
class Overlap:
    """One mask beside the true one. `hd95_mm` is the 95th percentile of the distances between the surfaces,
    both ways together; NaN where the mask is empty. `volume_error` is (found - true) / true."""

    dice: float
    recall: float
    hd95_mm: float
    volume_error: float


def overlap(found: npt.ArrayLike, true: npt.ArrayLike, geometry: VolumeGeometry) -> Overlap:
    """Compares two masks (Z, Y, X) on one grid.

    Raises:
        ShapeError: their shapes differ, or the true one is empty.
    """
    a, b = np.asarray(found) > 0, np.asarray(true) > 0
    if a.shape != b.shape or not b.any():
        raise ShapeError("Two masks of one shape are needed, the true one not empty.")
    both, n_a, n_b = int((a & b).sum()), int(a.sum()), int(b.sum())
    return Overlap(
        dice=2 * both / (n_a + n_b),
        recall=both / n_b,
        hd95_mm=_hd95(a, b, geometry) if n_a else float("nan"),
        volume_error=(n_a - n_b) / n_b,
    )


def _hd95(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_], geometry: VolumeGeometry) -> float:
    where = ndimage.find_objects((a | b).astype(np.uint8))[0]
    part = tuple(slice(max(0, s.start - 1), s.stop + 1) for s in where)
    spacing = geometry.spacing_xyz_mm[::-1]
    edges = [m & ~ndimage.binary_erosion(m, border_value=1) for m in (a[part], b[part])]
    if not all(e.any() for e in edges):  # one fills the scan: it has no surface in it
        return float("nan")
    away = [ndimage.distance_transform_edt(~e, sampling=spacing) for e in edges]
    distances = np.concatenate([away[1][edges[0]], away[0][edges[1]]])
    return float(np.percentile(distances, 95))


def evaluate_segmenter(segmenter: LiverSegmenter, cases: Sequence[Case]) -> dict[str, Any]:
    """Judges on the reference phase of cases with a liver mask; cases without one are left out.

    Returns:
        {"studies", "dice", "recall", "hd95_mm", "volume_error", "found", "seconds"}; each figure is an
        estimate with its 95 % interval over subjects. `volume_error` is the mean of its absolute value,
        `hd95_mm` that of the studies in which something was found, `found` the share of those.
    """
    rows: list[Overlap] = []
    subjects: list[str] = []
    seconds: list[float] = []
    for case in cases:
        study = load_case(case)
        if study.liver is None or not study.liver.any():
            continue
        started = time.perf_counter()
        mask = segmenter.segment(study.volumes[study.reference_phase])
        seconds.append(time.perf_counter() - started)
        rows.append(overlap(mask, study.liver, study.geometry))
        subjects.append(case.subject)
    measured = [r for r in rows if np.isfinite(r.hd95_mm)]
    surfaces = [s for r, s in zip(rows, subjects, strict=True) if np.isfinite(r.hd95_mm)]
    return {
        "studies": len(rows),
        "dice": mean_estimate([r.dice for r in rows], subjects),
        "recall": mean_estimate([r.recall for r in rows], subjects),
        "hd95_mm": mean_estimate([r.hd95_mm for r in measured], surfaces),
        "volume_error": mean_estimate([abs(r.volume_error) for r in rows], subjects),
        "found": mean_estimate([float(r.dice > 0) for r in rows], subjects),
        "seconds": float(np.median(seconds)) if seconds else None,
    }


def liver_answer(segmenter: LiverSegmenter, case: Case) -> dict[str, Any]:
    """detector.evaluation.answers of a liver segmenter: {"dice"}, null where the case has no mask."""
    study = load_case(case)
    if study.liver is None or not study.liver.any():
        return {"dice": None}
    found = segmenter.segment(study.volumes[study.reference_phase])
    return {"dice": overlap(found, study.liver, study.geometry).dice}
