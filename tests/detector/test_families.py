"""Every registered family keeps the contracts: it trains on a case list, is loaded from one file, and answers
in the form of its kind for a study without a phase. A plug-in's tests may run this on its own name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector import registry
from detector.contracts import (
    CandidateDetector,
    KeySliceFilter,
    LesionCharacterizer,
    LiverSegmenter,
    ModelFamily,
    Progress,
    StudyImages,
)
from detector.data.cases import read_cases
from detector.errors import PlanError
from detector.evaluation.answers import STRATA, answer_of
from detector.evaluation.noninferiority import GATED, compare_answers
from detector.sadt.classes import CLASSES
from detector.weights import load_state, read_family, read_plan, save_weights
from tests.detector.small_studies import CLASS_HU, PHASES, sphere_box, study_with, write_cohort

BOX = sphere_box((10, -40, 326), 30)
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "characterizer": {"steps": 3, "sides": [32], "batch": 4, "depth": 4},
}


@dataclass(frozen=True)
class Trained:
    name: str
    weights: Path
    cases: Path
    metrics: Mapping[str, Any]
    reports: list[Progress]

    def load(self) -> Any:
        return registry.family(self.name).load(self.weights)


@pytest.fixture(scope="module", params=registry.names())
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    name = str(request.param)
    folder = tmp_path_factory.mktemp(name)
    cases = write_cohort(folder / "cohort", [c for c in CLASSES for _ in range(2)], negatives=True)
    reports: list[Progress] = []
    result = (
        registry.family(name)
        .trainer()
        .train(
            cases,
            folder / "out",
            size="tiny",
            overrides=CHANGES.get(registry.kind_of(name), {"steps": 3}),
            gold=cases,
            initial_weights=None,
            on_progress=reports.append,
        )
    )
    return Trained(name, result.weights, cases, result.metrics, reports)


@pytest.fixture(scope="module")
def study() -> StudyImages:
    return study_with([(BOX, CLASS_HU["hcc"])], phases=PHASES[1:], seed=50)


def test_a_family_is_of_its_kind_and_reports_its_training(trained: Trained) -> None:
    family = registry.family(trained.name)
    assert isinstance(family, ModelFamily)
    assert family.kind == registry.kind_of(trained.name)
    steps = [report.step for report in trained.reports]
    assert steps == sorted(steps)
    assert trained.reports[-1].step == trained.reports[-1].total
    json.dumps(dict(trained.metrics), allow_nan=False)


def test_its_file_says_what_it_is_and_other_files_are_refused(trained: Trained, tmp_path: Path) -> None:
    assert read_family(trained.weights) == trained.name
    plan = read_plan(trained.weights)
    assert plan["steps"] == 3
    other = next(name for name in registry.names() if name != trained.name)
    save_weights(tmp_path / "other.safetensors", load_state(trained.weights), plan, other)
    (tmp_path / "damaged.safetensors").write_bytes(trained.weights.read_bytes()[:-100])
    for name in ("other", "damaged"):
        with pytest.raises(PlanError):
            registry.family(trained.name).load(tmp_path / f"{name}.safetensors")


def test_it_answers_as_its_kind_does_and_twice_alike(trained: Trained, study: StudyImages) -> None:
    model = trained.load()
    check = ANSWERS[registry.kind_of(trained.name)]
    assert check(model, study) == check(model, study)


def test_its_versions_can_be_judged_case_by_case(trained: Trained) -> None:
    case = read_cases(trained.cases)[0]
    answer = answer_of(trained.name, trained.load(), case)
    assert answer["strata"].keys() == set(STRATA)
    json.dumps(answer, allow_nan=False)
    compared = compare_answers(registry.kind_of(trained.name), [answer], [answer], samples=5)
    assert set(compared["metrics"]) == set(GATED[registry.kind_of(trained.name)])


def _detector(model: Any, study: StudyImages) -> Any:
    assert isinstance(model, CandidateDetector)
    found = model.detect(study)
    scores = [c.score for c in found]
    assert scores == sorted(scores, reverse=True)
    extent = study.geometry.extent
    for c in found:
        assert 0 <= c.score <= 1
        assert set(c.phase_scores) <= set(study.volumes)
        assert all(lo >= e - 1e-6 for lo, e in zip(c.box.lo, extent.lo, strict=True))
        assert all(hi <= e + 1e-6 for hi, e in zip(c.box.hi, extent.hi, strict=True))
    return found


def _key_slice_filter(model: Any, study: StudyImages) -> Any:
    assert isinstance(model, KeySliceFilter)
    (key,) = model.key_slices(study, [BOX])
    slices = study.geometry.slices_from_box(BOX)[0]
    assert slices.start <= key.z_index < slices.stop
    assert len(key.areas_mm2) == slices.stop - slices.start
    assert 0 <= key.primary_score <= 1
    assert model.key_slices(study, []) == []
    return key


def _characterizer(model: Any, study: StudyImages) -> Any:
    assert isinstance(model, LesionCharacterizer)
    said = model.characterize(study, BOX)
    for values in said.outputs.values():
        assert sum(values.values()) == pytest.approx(1, abs=1e-5)
        assert all(0 <= v <= 1 for v in values.values())
    json.dumps(dict(said.evidence), allow_nan=False)
    assert said.evidence["missing_phases"] == [PHASES[0]]
    return said


def _liver_segmenter(model: Any, study: StudyImages) -> Any:
    assert isinstance(model, LiverSegmenter)
    mask = model.segment(study.volumes[study.reference_phase])
    assert mask.shape == study.geometry.shape_zyx
    assert set(np.unique(mask)) <= {0, 1}
    return mask.tolist()


ANSWERS: Mapping[str, Callable[[Any, StudyImages], Any]] = {
    "detector": _detector,
    "key_slice_filter": _key_slice_filter,
    "characterizer": _characterizer,
    "liver_segmenter": _liver_segmenter,
}
