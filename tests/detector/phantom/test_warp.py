"""Bent phantoms: what is known of the bending is true, and a body without it is the body it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from detector.errors import PlanError
from detector.phantom.generate import generate
from detector.phantom.parameters import training

STILL = training(matrix=64, slices=16)
BENT = replace(STILL, deformation_mm=12.0)


def test_bending_leaves_the_reference_phase_and_the_lesions_alone() -> None:
    still, bent = generate(STILL, 3), generate(BENT, 3)
    assert still.warps == {}
    assert (still.volumes["portal_venous"].array_zyx == bent.volumes["portal_venous"].array_zyx).all()
    assert (still.volumes["arterial"].array_zyx != bent.volumes["arterial"].array_zyx).any()
    assert still.lesions == bent.lesions


@pytest.mark.parametrize("phase", ["non_contrast", "arterial", "delayed"])
def test_what_a_phase_shows_lies_where_the_truth_says(phase: str) -> None:
    aligned, bent = generate(replace(STILL, aligned=True), 3), generate(BENT, 3)
    g = bent.geometry
    index = np.argwhere(bent.liver.array_zyx[3:-3] > 0) + np.array([3, 0, 0])
    points = np.array(g.origin_xyz_mm) + index[:, ::-1] * np.array(g.spacing_xyz_mm)
    there = ((bent.in_reference(phase, points) - g.origin_xyz_mm) / g.spacing_xyz_mm).T[::-1]
    truth = aligned.volumes[phase].array_zyx.astype(float)
    shown = bent.volumes[phase].array_zyx.astype(float)[tuple(index.T)]

    def error(at: np.ndarray) -> float:
        return float(np.abs(map_coordinates(truth, at, order=1, mode="nearest") - shown).mean())

    assert error(there) < 1.5 * bent.drawn["noise_hu"]
    assert error(there) < 0.8 * error(index.T.astype(float))


def test_warp_never_folds_at_its_greatest() -> None:
    study = generate(replace(STILL, deformation_mm=20.0), 4)
    points = np.random.default_rng(0).uniform(-150, 150, (500, 3))
    for warp in study.warps.values():
        steps = [warp.displacement(points + e) - warp.displacement(points) for e in np.eye(3)]
        assert np.linalg.det(np.stack(steps, axis=-1) + np.eye(3)).min() > 0


def test_more_than_a_body_bends_is_refused() -> None:
    with pytest.raises(PlanError, match="bent"):
        replace(STILL, deformation_mm=30.0)
