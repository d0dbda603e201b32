"""`phase_model`: fits to phantoms, judges on others, refuses what makes no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.__main__ import main
from detector.evaluation.phases import judge
from detector.phaseid.model import PHASES, shipped_model

CLEAR = {
    "non_contrast": {"aorta": 42.0, "liver": 56.0, "spleen": 47.0},
    "arterial": {"aorta": 310.0, "liver": 68.0, "spleen": 120.0},
    "portal_venous": {"aorta": 165.0, "liver": 112.0, "spleen": 122.0},
    "delayed": {"aorta": 105.0, "liver": 88.0, "spleen": 85.0, "cortex": 15.0},
}


def test_judging_counts_true_and_told_phases() -> None:
    swapped = {**CLEAR, "arterial": CLEAR["non_contrast"]}
    figures = judge(shipped_model(), [CLEAR, swapped], order="clock", threshold=0.9)
    assert figures.confusion["arterial"]["arterial"] == 1
    assert sum(sum(row.values()) for row in figures.confusion.values()) == 8
    assert figures.accuracy == pytest.approx(7 / 8)


def test_a_threshold_nobody_reaches_leaves_nothing_sure() -> None:
    figures = judge(shipped_model(), [CLEAR], order="alone", threshold=1.1, phases=PHASES[1:2])
    assert figures.sure == 0
    assert figures.right_where_sure != figures.right_where_sure


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "Nothing to do"),
        (["--fit", "2"], "--model"),
        (["--fit", "-1", "--model", "m.json"], "positive"),
        (["--judge", "1", "--model", "nowhere.json"], "cannot be read"),
    ],
)
def test_wrong_options_are_told_before_any_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["phase_model", *options]) == 1
    assert told in capsys.readouterr().err


def test_one_phantom_is_too_few_to_fit_and_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.json"
    assert main(["phase_model", "--fit", "1", "--model", str(path)]) == 1
    assert "Too few" in capsys.readouterr().err
    assert not path.exists()
