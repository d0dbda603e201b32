"""Candidates out of fold: a filter learns from what detectors find in studies they were not taught."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detector import out_of_fold
from detector.__main__ import main
from detector.contracts import Candidate
from detector.data.cases import Mark, read_cases
from detector.errors import TrainingError
from detector.geometry import Box3D
from detector.out_of_fold import folds_of, train_filter_out_of_fold, with_candidates
from detector.registry import family
from tests.detector.small_studies import write_cohort

QUICK = {"steps": 3, "batch": 2}


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    return write_cohort(tmp_path / "cohort", ["hcc"] * 4, negatives=True)


class Finds:
    def __init__(self, *boxes: Box3D) -> None:
        self.boxes = boxes

    def detect(self, study: object) -> list[Candidate]:
        return [Candidate(box, 0.5) for box in self.boxes]


def test_a_candidate_is_what_it_hits_and_nothing_where_a_lesion_may_be_unmarked(cohort: Path) -> None:
    case = read_cases(cohort)[0]
    lesion = Mark(lo=(0, 0, 300), hi=(20, 20, 320), primary=True)
    rejected = Mark(lo=(40, 0, 300), hi=(60, 20, 320), role="negative")
    case = case.model_copy(update={"marks": (lesion, rejected), "complete": True})
    nowhere = Box3D((80, 0, 300), (90, 20, 320))
    detector = Finds(Box3D((2, 2, 302), (22, 22, 322)), Box3D((41, 1, 301), (60, 20, 320)), nowhere)
    added = with_candidates(case, detector).marks[2:]
    assert [(m.role, m.primary) for m in added] == [
        ("positive", True),
        ("negative", False),
        ("negative", False),
    ]
    unsure = with_candidates(case.model_copy(update={"complete": False}), detector)
    assert len(unsure.marks) == 4


def test_patients_are_left_out_whole_and_one_alone_cannot_be(cohort: Path) -> None:
    cases = read_cases(cohort)
    twice = [*cases, cases[0].model_copy(update={"study": "again"})]
    place = folds_of(twice, 3, seed=0)
    assert place[0] == place[-1]
    assert max(folds_of(cases, 100, seed=0)) + 1 == len({c.subject for c in cases})
    with pytest.raises(TrainingError, match="two patients"):
        folds_of(cases[:1], 5, seed=0)


def test_no_detector_looks_at_a_study_that_it_learnt_from(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[set[str], set[str]]] = []
    before = out_of_fold._of_fold

    def watched(folder, learn, held, *more):  # type: ignore[no-untyped-def]
        seen.append(({c.subject for c in learn}, {c.subject for c in held}))
        return before(folder, learn, held, *more)

    monkeypatch.setattr(out_of_fold, "_of_fold", watched)
    result = train_filter_out_of_fold(cohort, cohort, tmp_path / "out", size="tiny", overrides=QUICK, folds=2)
    assert all(learnt and held and not learnt & held for learnt, held in seen)
    assert set.union(*(held for _, held in seen)) == {c.subject for c in read_cases(cohort)}
    told = result["metrics"]["out_of_fold"]
    assert (told["folds"], told["studies"]) == (2, len(read_cases(cohort)))
    assert family("ksf").load(tmp_path / "out" / result["weights"])


def test_the_command_goes_on_where_a_killed_one_was(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    words = ["out-of-fold", "--cases", str(cohort), "--detector-cases", str(cohort), "--out", str(out)]
    words += ["--size", "tiny", "--folds", "2", "--set", "steps=3", "--set", "batch=2"]
    train = out_of_fold.train

    def killed_at_the_filter(name, *more, **named):  # type: ignore[no-untyped-def]
        if name == "ksf":
            raise KeyboardInterrupt
        return train(name, *more, **named)

    monkeypatch.setattr(out_of_fold, "train", killed_at_the_filter)
    with pytest.raises(KeyboardInterrupt):
        main(words)
    trained: list[str] = []
    monkeypatch.setattr(
        out_of_fold, "train", lambda name, *a, **k: trained.append(name) or train(name, *a, **k)
    )
    assert main(words) == 0
    assert trained == ["ksf"]
    assert json.loads((out / "result.json").read_text())["metrics"]["out_of_fold"]["folds"] == 2
    assert not list(out.glob("fold-*"))
