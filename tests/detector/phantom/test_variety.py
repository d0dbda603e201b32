"""Varied phantoms: organs off the textbook, around a liver that stays what it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detector.phantom.cohort import member
from detector.phantom.generate import generate
from detector.phantom.parameters import varied


def test_the_body_strays_and_the_liver_stays() -> None:
    parameters = varied(matrix=64, slices=36, aligned=True)
    strange, plain = generate(parameters, 3), generate(replace(parameters, varied=False), 3)
    mask = np.asarray(plain.liver.array_zyx)
    assert (np.asarray(strange.liver.array_zyx) == mask).all()
    a, b = (np.asarray(s.volumes["portal_venous"].array_zyx, dtype=float) for s in (strange, plain))
    inside = mask > 0
    assert np.abs(a - b)[inside].mean() < 2  # the rim alone, where a neighbour shines through
    soft = ~inside & (b > -20) & (b < 250)
    assert np.abs(a - b)[soft].mean() > 8
    assert (np.asarray(strange.labels.array_zyx) == plain.labels.array_zyx).all()


def test_a_cohort_of_them_draws_no_other_bodies_than_training_does_and_repeats_by_seed() -> None:
    name, subject, one = member(4, 2, "varied", matrix=64, slices=30)
    assert (name, subject) == ("study-0002", "PHANTOM-V4-0002")
    _, _, again = member(4, 2, "varied", matrix=64, slices=30)
    assert (one.volumes["arterial"].array_zyx == again.volumes["arterial"].array_zyx).all()
