"""A first detector from studies without a mark: it learns, says what its figures are of, and goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from detector.__main__ import main
from detector.cold_start import choose, cold_start, split
from detector.contracts import CandidateDetector
from detector.data.cases import Case, write_cases
from detector.errors import PlanError, TrainingError
from detector.registry import family
from detector.volume import Volume, write_volume
from tests.detector.phantom.test_insertion import unmarked
from tests.detector.small_studies import GEOMETRY, PHASES, study_with

QUICK = {"steps": 3, "batch": 2}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Ten patients with one study each, in which nothing is marked."""
    cases = []
    for number in range(10):
        name = f"study-{number}"
        study = study_with([], seed=number)
        folder = tmp_path / "archive" / name
        folder.mkdir(parents=True)
        for phase, volume in study.volumes.items():
            write_volume(volume, folder / f"{phase}.npy")
        write_volume(Volume(np.asarray(study.liver), GEOMETRY), folder / "liver.npy")
        cases.append(
            Case(
                study=name,
                subject=f"subject-{number}",
                reference_phase="portal_venous",
                images={phase: f"{name}/{phase}.npy" for phase in PHASES},
                liver=f"{name}/liver.npy",
                complete=False,
            )
        )
    write_cases(cases, tmp_path / "archive" / "cases.json")
    return tmp_path / "archive" / "cases.json"


def test_it_leaves_a_detector_whose_figures_are_called_synthetic(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["cold-start", "--cases", str(archive), "--out", str(out), "--size", "tiny", "--copies", "1"]
    assert main([*words, "--set", "steps=3", "--set", "batch=2"]) == 0
    result = json.loads((out / "result.json").read_text())
    assert isinstance(family("centernet3d").load(out / result["weights"]), CandidateDetector)
    metrics = result["metrics"]
    assert (metrics["train_studies"], "p1td_1" in metrics) == (8, False)
    assert (metrics["synthetic"]["inserted_into"], metrics["synthetic"]["judged_on"]) == (10, 2)
    assert metrics["synthetic"]["p1td_1"]["n"] == 2
    assert not (out / "inserted").exists()
    told = [json.loads(line)["message"] for line in (out / "progress.jsonl").read_text().splitlines()]
    assert told[0] == "lesions put into 1 of 10 studies"
    assert told[-1] == "step 3 of 3"


def test_a_killed_one_inserts_nothing_twice_and_ends_the_same(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = cold_start(archive, tmp_path / "whole", size="tiny", overrides=QUICK, copies=1)
    monkeypatch.setattr("detector.cold_start.train", _killed)
    with pytest.raises(KeyboardInterrupt):
        cold_start(archive, tmp_path / "killed", size="tiny", overrides=QUICK, copies=1)
    monkeypatch.undo()
    monkeypatch.setattr("detector.cold_start.write_inserted_cases", _killed)
    again = cold_start(archive, tmp_path / "killed", size="tiny", overrides=QUICK, copies=1)
    assert again["weights_sha256"] == whole["weights_sha256"]


def _killed(*arguments: object, **more: object) -> None:
    raise KeyboardInterrupt


def test_lesions_of_other_wishes_are_not_used_again(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as cut:
        cut.setattr("detector.cold_start.train", _killed)
        with pytest.raises(KeyboardInterrupt):
            cold_start(archive, out, size="tiny", overrides=QUICK, copies=2)
    again = cold_start(archive, out, size="tiny", overrides=QUICK, copies=1)
    assert again["metrics"]["train_studies"] == 8


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"size": "huge"}, "Unknown size"),
        ({"overrides": {"colour": 1}}, "colour"),
        ({"initial_weights": "cases"}, "not a weights file"),
        ({"gold": "weights"}, "case list"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_inserted(
    archive: Path, tmp_path: Path, wrong: dict[str, object], said: str
) -> None:
    (tmp_path / "empty").touch()
    files = {name: tmp_path / "empty" for name in ("initial_weights", "gold") if name in wrong}
    with pytest.raises(PlanError, match=said):
        cold_start(archive, tmp_path / "out", **{"size": "tiny", **wrong, **files})  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_told_in_one_line(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="cannot write its files"):
        cold_start(archive, tmp_path / "file" / "out", size="tiny")


def test_few_patients_are_all_learnt_from_and_a_patient_is_never_on_both_sides(archive: Path) -> None:
    from detector.data.cases import read_cases

    cases = read_cases(archive)
    assert split(cases[:9], 0) == (cases[:9], [])
    twice = [*cases, *(c.model_copy(update={"study": f"{c.study}-2"}) for c in cases)]
    learn, judge = split(twice, 0)
    assert len(learn) + len(judge) == 20
    assert not {c.subject for c in learn} & {c.subject for c in judge}


def test_studies_are_drawn_at_random_and_those_without_a_liver_left_out(archive: Path) -> None:
    from detector.data.cases import read_cases

    cases = read_cases(archive)
    cases[3] = cases[3].model_copy(update={"liver": None})
    assert len(choose(cases, 99, 0)) == 9
    some = choose(cases, 4, 0)
    assert len(some) == 4
    assert some == choose(cases, 4, 0) != choose(cases, 4, 1)


def test_without_a_liver_it_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="No study has a liver"):
        cold_start(unmarked(tmp_path / "mine", liver=False), tmp_path / "out", size="tiny")
