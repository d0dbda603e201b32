"""`detect` without --phase: identified by image where that is sure, else asked for and nothing done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detector.__main__ import main
from detector.phantom.timing import timed_study
from detector.phantom.write import write_nifti
from tests.detector.ingest.builders import voxels, write_series

WEIGHTS = Path(__file__).parents[3] / "fixtures" / "centernet3d-small.safetensors"


def detect(study: Path, out: Path) -> int:
    return main(["detect", str(study), "--weights", str(WEIGHTS), "--out", str(out)])


def test_nameless_phases_are_identified_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = timed_study(1, 2, "training", matrix=120)
    (tmp_path / "in").mkdir()
    write_nifti(study.volumes["portal_venous"], tmp_path / "in" / "7.nii.gz")
    write_nifti(study.volumes["arterial"], tmp_path / "in" / "6.nii.gz")
    assert detect(tmp_path / "in", tmp_path / "boxes.json") == 0
    assert "portal_venous (series 7, by image, " in capsys.readouterr().out
    phases = json.loads((tmp_path / "boxes.json").read_text())["phases"]
    assert {phase: known["series"] for phase, known in phases.items()} == {
        "arterial": "6",
        "portal_venous": "7",
    }


def test_what_no_image_tells_is_listed_and_ends_non_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_series(tmp_path / "in", voxels(), SeriesDescription="Abdomen 3.0")
    assert detect(tmp_path / "in", tmp_path / "boxes.json") == 1
    told = capsys.readouterr().err
    assert "4: 8 slices of 3 mm" in told
    assert "--phase 4=PHASE" in told
    assert not (tmp_path / "boxes.json").exists()
