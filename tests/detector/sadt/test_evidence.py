"""Evidence is what the answer is made of: cells sum to the logits, and an absent phase weighs nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from detector.contracts import Progress
from detector.errors import PlanError, TrainingError
from detector.registry import family
from detector.sadt.classes import CLASSES
from detector.sadt.config import SYSTEMS, make_plan
from detector.sadt.ensemble import answered
from detector.sadt.network import build_network
from detector.training.leftovers import drop_leftovers
from tests.detector.small_studies import CLASS_HU, PHASES, sphere_box, study_with, train_quickly

QUICK = {"batch": 8, "sides": [32], "depth": 4, "phase_dropout": 0.0, "ema_decay": 0.9}
BOX = sphere_box((10, -40, 326), 30)


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_the_cells_and_the_constant_are_the_logits(system: str) -> None:
    torch.manual_seed(1)
    plan = make_plan("tiny", QUICK, system=system)
    network = build_network(plan).eval()
    depth = (plan.depth,) if plan.view == "volume" else ()
    images = torch.randn(2, 2 * len(plan.phases), *depth, 32, 32)
    mask = torch.zeros(2, 32, 32)
    mask[:, 8:20, 10:22] = 1
    with torch.inference_mode():
        cells = network.explain(images, mask)
        torch.testing.assert_close(
            cells.sum((2, 3)) + network.bias, network(images, mask), atol=1e-4, rtol=1e-4
        )
    assert cells.abs().max() > 0
    if system == "sadt":  # what lies outside the lesion has no say
        assert cells[:, :, -1].abs().max() == 0


@pytest.fixture(scope="module")
def folds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, list[Progress]]:
    """Three networks on a dozen lesions, with a temperature from the folds each of them did not see."""
    folder = tmp_path_factory.mktemp("folds")
    reports: list[Progress] = []
    plan = {**QUICK, "steps": 40, "folds": 3, "least_for_calibration": 12}
    classes = [c for c in CLASSES for _ in range(3)]
    result = train_quickly("sadt", folder, classes, plan, reports.append)
    return result.weights, dict(result.metrics), reports


def test_folds_answer_together_with_a_temperature_of_what_they_did_not_see(folds) -> None:
    weights, metrics, reports = folds
    assert metrics["calibration"]["lesions"] == 12
    assert metrics["calibration"]["temperature"] > 0
    assert metrics["by_answer"]["probability"]["accuracy"] == metrics["accuracy"]
    assert metrics["by_answer"]["vote"]["accuracy"]["n"] == 12
    assert 0 <= metrics["calibration_error"]["value"] <= 1
    assert reports[-1].step == reports[-1].total == 120
    study = study_with([(BOX, CLASS_HU["hcc"])], phases=PHASES[1:], seed=50)
    said = family("sadt").load(weights).characterize(study, BOX)
    assert said.calibrated
    assert sum(said.evidence["votes"].values()) == 3


def test_the_map_lies_on_the_lesion_and_phases_that_are_not_there_weigh_nothing(folds) -> None:
    study = study_with([(BOX, CLASS_HU["hcc"])], phases=PHASES[1:], seed=50)
    evidence = family("sadt").load(folds[0]).characterize(study, BOX).evidence
    assert set(evidence["phase_weights"]) == set(PHASES[1:])
    cells = np.array(evidence["map"]["cells"])
    lo, hi = (np.array(evidence["map"][side]) for side in ("lo_xy_mm", "hi_xy_mm"))
    assert (lo + hi) / 2 == pytest.approx(BOX.centre_mm[:2])
    rows, columns = np.nonzero(cells)
    pitch = (hi - lo) / cells.shape[::-1]
    for axis, found in ((0, columns), (1, rows)):
        ends = lo[axis] + pitch[axis] * np.array([found.min(), found.max() + 1])
        assert ends == pytest.approx([BOX.lo[axis], BOX.hi[axis]], abs=2 * pitch[axis])
    alone = study_with([(BOX, CLASS_HU["hcc"])], phases=PHASES[2:3], seed=50)
    assert family("sadt").load(folds[0]).characterize(alone, BOX).evidence["phase_weights"] == {}


def test_a_single_network_keeps_patients_from_training_only_where_they_are_enough(tmp_path: Path) -> None:
    classes = [c for c in CLASSES for _ in range(2)]

    def calibration(**changes: object) -> dict:
        folder = tmp_path / "-".join(changes)
        found = train_quickly("sadt", folder, classes, {**QUICK, "steps": 2, **changes})
        return dict(found.metrics["calibration"])

    assert calibration() == {"lesions": 0, "temperature": None}
    held = calibration(calibration_share=0.25, least_for_calibration=2)
    assert held["lesions"] == 2
    assert held["temperature"] > 0
    with pytest.raises(TrainingError, match="patients"):
        calibration(folds=len(classes) + 1)
    with pytest.raises(PlanError, match="temperature"):
        calibration(temperature=1.0)


def test_a_vote_counts_networks_and_only_a_tie_is_told_by_the_shares() -> None:
    plan = make_plan("tiny", {"folds": 3, "answer": "vote"})
    outvoted = [[9.0, 0, 0, 0], [0, 0.1, 0, 0], [0, 0.1, 0, 0]]
    assert answered(outvoted, plan).argmax() == 1
    assert answered(outvoted, plan, "probability").argmax() == 0
    tie = [[0.2, 0, 0, 0], [0, 3.0, 0, 0]]
    assert answered(tie, plan).argmax() == 1
    assert answered(tie, plan).sum() == pytest.approx(1)


def test_a_fold_that_was_done_is_not_learnt_again(tmp_path: Path) -> None:
    classes = [c for c in CLASSES for _ in range(2)]
    plan = {**QUICK, "steps": 6, "folds": 2}
    whole = train_quickly("sadt", tmp_path / "whole", classes, plan)

    def cut(report: Progress) -> None:
        if report.message.startswith("fold 2") and report.step > 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_quickly("sadt", tmp_path / "cut", classes, plan, cut)
    told: list[str] = []
    again = train_quickly("sadt", tmp_path / "cut", classes, plan, lambda report: told.append(report.message))
    assert [m for m in told if m.startswith("fold 1")] == ["fold 1 of 2: going on after step 6"]
    assert again.weights.read_bytes() == whole.weights.read_bytes()
    drop_leftovers(tmp_path / "cut" / "out")
    assert not list((tmp_path / "cut" / "out").rglob("state.safetensors"))
