"""`train` and `evaluate` as a user types them: what they leave, and how they fail."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from detector.__main__ import main
from detector.data.cases import Case, Mark, write_cases
from detector.geometry import VolumeGeometry
from detector.volume import Volume, write_volume
from detector.weights import sha256

PLAN = [
    "steps=2",
    "input_zyx=[4,16,16]",
    "dims=[4,4]",
    "modules=[1,1]",
    "stem=4",
    "head=4",
    "seed=5",
    "batch=1",
]


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    grid = VolumeGeometry((4, 16, 16), (2, 2, 5), (0, 0, 0))
    array = np.full(grid.shape_zyx, 30, np.int16)
    array[1:3, 4:9, 4:9] = 150
    write_volume(Volume(array, grid), tmp_path / "pv.npy")
    case = Case(
        study="S1",
        subject="P1",
        reference_phase="portal_venous",
        images={"portal_venous": "pv.npy"},
        marks=(Mark(lo=(7, 7, 2.5), hi=(17, 17, 12.5), primary=True),),
    )
    path = tmp_path / "cases.json"
    write_cases([case], path)
    return path


def train(cases: Path, out: Path, *more: str) -> int:
    sets = [word for pair in PLAN for word in ("--set", pair)]
    return main(["train", "--size", "tiny", "--cases", str(cases), "--out", str(out), *sets, *more])


def test_train_leaves_weights_progress_and_a_result(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert train(cases, out, "--gold", str(cases)) == 0
    result = json.loads((out / "result.json").read_text())
    assert result["weights_sha256"] == sha256(out / result["weights"])
    assert result["cases_sha256"] == sha256(cases)
    assert result["seed"] == result["plan"]["seed"] == 5
    assert result["plan"]["steps"] == 2
    assert set(result["metrics"]["p1td_1"]) == {"value", "lo", "hi", "n"}
    assert "torch" in result["environment"]
    lines = [json.loads(text) for text in (out / "progress.jsonl").read_text().splitlines()]
    assert [(x["step"], x["total"]) for x in lines] == [(0, 2), (2, 2), (2, 2)]
    assert sorted(p.name for p in out.iterdir()) == ["progress.jsonl", "result.json", "weights.safetensors"]

    capsys.readouterr()
    weights = ["--weights", str(out / "weights.safetensors")]
    assert main(["evaluate", "--cases", str(cases), *weights, "--out", str(tmp_path / "m.json")]) == 0
    assert "P1TD-1" in capsys.readouterr().out
    assert json.loads((tmp_path / "m.json").read_text())["p1td_1"] == result["metrics"]["p1td_1"]

    assert train(cases, tmp_path / "next", "--init", str(out / "weights.safetensors")) == 0
    again = json.loads((tmp_path / "next" / "result.json").read_text())
    assert again["initial_weights_sha256"] == result["weights_sha256"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--family", "yolo"], "Unknown model family: yolo"),
        (["--size", "huge"], "Unknown size: huge"),
        (["--set", "colour=red"], "colour"),
        (["--set", "steps"], "no value"),
        (["--set", "batch=0"], "batch"),
    ],
)
def test_train_says_what_is_wrong(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert train(cases, tmp_path / "out", *arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert str(tmp_path) not in error
    assert not (tmp_path / "out" / "result.json").exists()


def test_an_empty_or_missing_case_list_is_said(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cases([], tmp_path / "empty.json")
    assert train(tmp_path / "empty.json", tmp_path / "out") == 1
    assert "The case list is empty" in capsys.readouterr().err
    assert train(tmp_path / "none.json", tmp_path / "out") == 1
    assert "cannot be read" in capsys.readouterr().err


def test_evaluate_and_detect_refuse_what_is_no_model(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "w").write_bytes(b"no model at all")
    weights = ["--weights", str(tmp_path / "w")]
    assert main(["evaluate", "--cases", str(cases), *weights]) == 1
    assert "not a weights file" in capsys.readouterr().err
    assert main(["detect", str(tmp_path), *weights, "--out", str(tmp_path / "boxes.json")]) == 1
    assert "not a weights file" in capsys.readouterr().err
    assert not (tmp_path / "boxes.json").exists()


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("train",),
        ("evaluate",),
        ("detect",),
        ("phantom_cases",),
        ("experiment",),
        ("characterize",),
        ("insert_lesions",),
        ("cold-start",),
    ],
)
def test_every_command_can_say_how_it_is_used(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert "usage" in capsys.readouterr().out
