"""`characterize`: of a reader's box, or of what a detector finds, with evidence and a picture of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from detector.__main__ import main
from detector.sadt.classes import CLASSES

FIXTURES = Path(__file__).parents[3] / "fixtures"
SADT, DETECTOR, KSF = (str(FIXTURES / f"{name}-small.safetensors") for name in ("sadt", "centernet3d", "ksf"))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("characterize")
    assert main(["phantom", "--out", str(folder), "--studies", "1", "--seed", "11"]) == 0
    return folder / "study-0001"


def run(study: Path, out: Path, *more: str) -> int:
    return main(
        ["characterize", str(study), "--registration", "rigid", "--weights", SADT, "--out", str(out), *more]
    )


def lesion_of(study: Path) -> dict[str, Any]:
    return dict(json.loads((study / "truth.json").read_text())["lesions"][0])


def test_a_readers_box_is_characterized_with_evidence_and_a_picture(study: Path, tmp_path: Path) -> None:
    lesion = lesion_of(study)
    box = [str(v) for v in (*lesion["lo"], *lesion["hi"])]
    assert run(study, tmp_path / "out.json", "--box", *box, "--pictures", str(tmp_path / "pictures")) == 0
    (told,) = json.loads((tmp_path / "out.json").read_text())["lesions"]
    assert (told["by"], told["lo"]) == ("reader", pytest.approx(lesion["lo"]))
    answer = told["answers"]["sadt-small"]
    assert tuple(answer["outputs"]["lesion_class"]) == CLASSES
    assert answer["calibrated"] is False
    assert set(answer["evidence"]["phase_weights"]) == {
        "non_contrast",
        "arterial",
        "portal_venous",
        "delayed",
    }
    with Image.open(tmp_path / "pictures" / "lesion-1-sadt-small.png") as picture:
        colours = {pixel for _, pixel in picture.getcolors(1 << 24) or []}
    assert any(red > blue + 40 for red, _, blue in colours)  # something speaks for the answer


def test_what_the_detector_finds_is_characterized_on_its_key_slice(study: Path, tmp_path: Path) -> None:
    assert run(study, tmp_path / "out.json", "--detector", DETECTOR, "--ksf", KSF) == 0
    (told,) = json.loads((tmp_path / "out.json").read_text())["lesions"]
    lesion = lesion_of(study)
    assert told["by"] == "detector"
    assert 0 <= told["primary_score"] <= 1
    middle = [(a + b) / 2 for a, b in zip(told["lo"], told["hi"], strict=True)]
    assert all(lo <= at <= hi for lo, at, hi in zip(lesion["lo"], middle, lesion["hi"], strict=True))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "Which lesion is not said"),
        (["--box", "0", "0", "0", "0", "1", "1"], "has no size"),
        (["--box", "9000", "9000", "9000", "9010", "9010", "9010"], "outside the images"),
        (["--detector", SADT], "sadt is not a detector"),
        (["--box", "0", "0", "0", "1", "1", "1", "--weights", KSF], "ksf is not a characterizer"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    more: list[str], said: str, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(study, tmp_path / "out.json", *more) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
