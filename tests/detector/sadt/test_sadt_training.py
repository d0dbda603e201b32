"""SaDT learns what separates the classes, answers as the contract says, and refuses what it cannot learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.contracts import LesionCharacterizer, ModelFamily, Progress
from detector.data.cases import Case, Mark, read_cases, write_cases
from detector.errors import PhaseError, PlanError, TrainingError
from detector.registry import family
from detector.sadt.classes import CLASSES, class_of, four_class, primary_mark
from detector.sadt.config import make_plan
from detector.sadt.samples import load_samples
from tests.detector.small_studies import CLASS_HU, PHASES, sphere_box, study_with, train_quickly, write_cohort

QUICK = {"batch": 8, "sides": [32], "phase_dropout": 0.0, "ema_decay": 0.9}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object], list[Progress]]:
    folder = tmp_path_factory.mktemp("sadt")
    reports: list[Progress] = []
    classes = [c for c in CLASSES for _ in range(2)]
    result = train_quickly("sadt", folder, classes, {**QUICK, "steps": 80}, reports.append)
    return result.weights, dict(result.metrics), reports


def train(cases: Path, out: Path, **changes: object) -> None:
    arguments: dict[str, object] = {
        "size": "tiny",
        "overrides": {**QUICK, "steps": 1},
        "gold": None,
        "initial_weights": None,
        "on_progress": lambda _: None,
    }
    family("sadt").trainer().train(cases, out, **{**arguments, **changes})  # type: ignore[arg-type]


def test_the_family_is_what_the_registry_says() -> None:
    assert isinstance(family("sadt"), ModelFamily)
    assert family("sadt").kind == "characterizer"


def test_it_fits_a_handful_of_lesions(trained: tuple[Path, dict, list[Progress]]) -> None:
    _, metrics, reports = trained
    assert metrics["lesions_by_class"] == dict.fromkeys(CLASSES, 2)
    assert metrics["accuracy"]["value"] >= 0.75
    assert metrics["mean_f1"]["lo"] <= metrics["mean_f1"]["value"] <= metrics["mean_f1"]["hi"]
    assert metrics["accuracy"]["n"] == 8
    assert reports[-1].step == reports[-1].total == 80


def test_it_characterizes_in_the_contract_s_form(trained: tuple[Path, dict, list[Progress]]) -> None:
    applied = family("sadt").load(trained[0])
    assert isinstance(applied, LesionCharacterizer)
    box = sphere_box((10, -40, 326), 30)
    study = study_with([(box, CLASS_HU["hcc"])], phases=PHASES[1:], seed=50)
    said = applied.characterize(study, box)
    assert set(said.outputs) == {"lesion_class"}
    assert tuple(said.outputs["lesion_class"]) == CLASSES
    assert sum(said.outputs["lesion_class"].values()) == pytest.approx(1, abs=1e-5)
    assert said.calibrated is False
    assert said.evidence["z_index"] == 5
    assert said.evidence["phases"] == list(PHASES[1:])
    assert said.evidence["missing_phases"] == ["non_contrast"]
    assert applied.characterize(study, box, z_index=4).evidence["z_index"] == 4


def test_a_study_without_a_known_phase_is_refused(trained: tuple[Path, dict, list[Progress]]) -> None:
    box = sphere_box((10, -40, 326), 30)
    study = study_with([(box, {"t1": 50, "portal_venous": 50})], phases=("portal_venous",))
    applied = family("sadt").load(trained[0])
    applied.plan = make_plan("tiny", {"phases": ["t1"]})
    with pytest.raises(PhaseError, match="none of the phases"):
        applied.characterize(study, box)


def test_training_can_start_from_former_weights_of_its_own_network(
    trained: tuple[Path, dict, list[Progress]], tmp_path: Path
) -> None:
    cases = write_cohort(tmp_path, ["hcc", "hcc", "icc", "icc"])
    train(cases, tmp_path / "out", initial_weights=trained[0])
    with pytest.raises(PlanError, match="another network"):
        train(
            cases,
            tmp_path / "out",
            initial_weights=trained[0],
            overrides={**QUICK, "steps": 1, "codewords": 3},
        )


def test_too_few_classes_say_which_there_are_and_how_many_are_needed(tmp_path: Path) -> None:
    cases = write_cohort(tmp_path, ["hcc", "hcc", "hcc", "icc"])
    with pytest.raises(
        TrainingError, match=r"hcc 3, icc 1, metastasis 0, benign 0\. .*two classes need 2"
    ) as e:
        train(cases, tmp_path / "out")
    assert e.value.details["lesions_by_class"]["hcc"] == 3
    assert not (tmp_path / "out").exists()


def test_a_list_without_lesions_is_refused(tmp_path: Path) -> None:
    write_cases([], tmp_path / "cases.json")
    with pytest.raises(TrainingError, match="Too few lesions"):
        train(tmp_path / "cases.json", tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"size": "huge"}, "Unknown size: huge"),
        ({"overrides": {"colour": 1}}, "colour"),
        ({"overrides": {"steps": 0}}, "steps"),
        ({"overrides": {"layers": [1, 1]}}, "one stride for each stage"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_field(
    change: dict[str, object], what: str, tmp_path: Path
) -> None:
    with pytest.raises(PlanError, match=what):
        train(tmp_path / "cases.json", tmp_path / "out", **change)


def case(*marks: Mark, lesion_class: str | None = "hcc") -> Case:
    return Case(
        study="s",
        subject="p",
        reference_phase="arterial",
        images={"arterial": "a.npy"},
        lesion_class=lesion_class,
        marks=marks,
    )


def test_the_largest_primary_lesion_stands_for_its_study() -> None:
    small = Mark(lo=(0, 0, 0), hi=(10, 10, 10), primary=True)
    large = Mark(lo=(0, 0, 0), hi=(20, 20, 20), primary=True)
    other = Mark(lo=(0, 0, 0), hi=(50, 50, 50))
    rejected = Mark(lo=(0, 0, 0), hi=(90, 90, 90), role="negative", primary=True)
    assert primary_mark(case(small, large, other, rejected)) == large
    assert primary_mark(case(rejected)) is None


def test_pathology_speaks_for_the_primary_lesion_alone() -> None:
    primary = Mark(lo=(0, 0, 0), hi=(10, 10, 10), primary=True)
    other = Mark(lo=(0, 0, 0), hi=(20, 20, 20))
    own = Mark(lo=(0, 0, 0), hi=(20, 20, 20), lesion_class="FNH")
    assert class_of(case(primary, other), primary) == "hcc"
    assert class_of(case(primary, other), other) is None
    assert class_of(case(other), other) == "hcc"
    assert class_of(case(primary, own), own) == "benign"
    assert four_class("lymphoma") is None


def test_a_phase_in_which_the_lesion_cannot_be_seen_counts_as_missing(tmp_path: Path) -> None:
    (only,) = read_cases(write_cohort(tmp_path, ["hcc"]))
    mark = only.marks[0].model_copy(update={"absent_phases": ("delayed",)})
    (sample,) = load_samples([only.model_copy(update={"marks": (mark,)})], make_plan("tiny"), slices=1)
    assert sample.images[0, 4:].max(axis=(1, 2)).tolist() == [1, 1, 1, 0]
    everywhere = mark.model_copy(update={"absent_phases": PHASES})
    (sample,) = load_samples([only.model_copy(update={"marks": (everywhere,)})], make_plan("tiny"), slices=1)
    assert np.all(sample.images[0, 4:] == 1)
