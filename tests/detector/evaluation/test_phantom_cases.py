"""Phantom case lists: reproducible, readable, and honest about what cannot be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.data.cases import read_cases
from detector.data.images import load_case
from detector.evaluation.phantom_cases import Disturbance, absent_phases, write_phantom_cases
from detector.phantom.cohort import member
from detector.phantom.generate import PhantomStudy


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_equal_arguments_write_equal_bytes_that_load(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_phantom_cases(tmp_path / name, cohort="evaluation", studies=2, seed=3, matrix=64, slices=16)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    cases = read_cases(tmp_path / "a" / "cases.json")
    assert len({c.subject for c in cases}) == 2
    for case in cases:
        study = load_case(case)
        assert set(study.volumes) == {"non_contrast", "arterial", "portal_venous", "delayed"}
        assert sum(m.primary for m in case.marks) == 1


def test_masks_cover_the_liver_or_are_missing_as_told(tmp_path: Path) -> None:
    for share, wanted in ((0.0, True), (1.0, False)):
        write_phantom_cases(
            tmp_path, cohort="training", studies=1, seed=1, matrix=64, slices=16,
            disturbance=Disturbance(no_mask=share),
        )  # fmt: skip
        liver = load_case(read_cases(tmp_path / "cases.json")[0]).liver
        assert (liver is not None) == wanted
        if liver is not None:
            truth = member(1, 1, "training", matrix=64, slices=16, aligned=True)[2].liver.array_zyx
            assert liver[np.asarray(truth) > 0].all()


@pytest.fixture(scope="module")
def study() -> PhantomStudy:
    return member(3, 2, "training", matrix=96, slices=24, aligned=True)[2]


def test_a_lesion_painted_over_with_its_surroundings_is_absent_in_that_phase(study: PhantomStudy) -> None:
    label = study.lesions[0].label
    before = absent_phases(study, label)
    volume = study.volumes["arterial"].array_zyx
    inside = np.asarray(study.labels.array_zyx) == label
    liver = (np.asarray(study.liver.array_zyx) > 0) & (np.asarray(study.labels.array_zyx) == 0)
    kept = volume[inside].copy()
    volume[inside] = np.median(volume[liver])
    assert set(absent_phases(study, label)) == {*before, "arterial"}
    volume[inside] = np.median(volume[liver]) + 40
    assert "arterial" not in absent_phases(study, label)
    volume[inside] = kept
