"""`python -m detector prepare`: what can be read is written, what cannot is listed, the exit code tells."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from detector import __main__ as command
from detector.data.cases import read_cases
from detector.ingest.masks import boxes_from_mask
from detector.volume import read_volume
from tests.detector.ingest.builders import (
    BLOB_GRID,
    blob_scan,
    voxels,
    write_series,
    write_tilted,
    write_volume_file,
)

SPACING, ORIGIN = BLOB_GRID.spacing_xyz_mm, BLOB_GRID.origin_xyz_mm


def write_study(folder: Path, *phases: str, lesions: bool = True) -> None:
    for number, phase in enumerate(phases or ("portal_venous",)):
        write_volume_file(folder / f"{phase}.nii.gz", blob_scan((0, 0, 4.0 * number)), SPACING, ORIGIN)
    if lesions:
        lesion = {"lo": [-80, -35, 50], "hi": [-50, -5, 80], "lesion_class": "hcc", "primary": True}
        truth = {"reference_phase": "portal_venous", "subject": "p1", "lesion_class": "hcc"}
        (folder / "truth.json").write_text(json.dumps({**truth, "lesions": [lesion]}))


def prepare(source: Path, out: Path, *options: str) -> int:
    return command.main(["prepare", str(source), "--out", str(out), "--jobs", "1", *options])


def test_studies_become_volumes_on_one_grid_and_a_case_list(tmp_path: Path) -> None:
    write_study(tmp_path / "in" / "a", "portal_venous", "arterial")
    write_study(tmp_path / "in" / "b", lesions=False)
    assert prepare(tmp_path / "in", tmp_path / "out") == 0
    first, second = read_cases(tmp_path / "out" / "cases.json")
    assert (first.study, first.subject, first.lesion_class) == ("study-0001", "subject-0001", "hcc")
    assert set(first.images) == {"arterial", "portal_venous"}
    volumes = {p: read_volume(Path(name)) for p, name in first.images.items()}
    assert len({v.geometry for v in volumes.values()}) == 1
    assert (volumes["portal_venous"].array_zyx == np.maximum(blob_scan(), -1024)).all()
    assert first.liver is not None
    liver = read_volume(Path(first.liver))
    (mark,) = first.marks
    assert (mark.role, mark.primary, mark.lesion_class) == ("positive", True, "hcc")
    assert boxes_from_mask(liver)[0].contains(mark.box.centre_mm)
    assert (first.complete, second.complete, second.marks) == (True, False, ())
    assert second.subject == "subject-0002"


def test_two_at_once_write_the_same_as_one_after_the_other(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_study(tmp_path / "in" / name)
    assert prepare(tmp_path / "in", tmp_path / "one") == 0
    assert prepare(tmp_path / "in", tmp_path / "two", "--jobs", "2") == 0
    assert (tmp_path / "one/cases.json").read_bytes() == (tmp_path / "two/cases.json").read_bytes()
    a, b = (np.load(tmp_path / d / "study-0002" / "portal_venous.npy") for d in ("one", "two"))
    assert (a == b).all()


def test_bad_study_is_listed_and_the_rest_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(tmp_path / "in" / "good")
    write_series(tmp_path / "in" / "nophase", voxels())
    write_series(tmp_path / "in" / "gaps", voxels(), study="1.7", skip=(3,))
    (tmp_path / "in" / "LICENSE").write_text("x")
    assert prepare(tmp_path / "in", tmp_path / "out") == 1
    told = capsys.readouterr()
    assert "refused nophase: " in told.err
    assert "--phase 4=PHASE" in told.err
    assert "refused gaps/i000: " in told.err
    assert "1 slices are missing" in told.err
    assert "left out LICENSE" in told.err
    assert "1 studies prepared, 2 refused." in told.out
    assert len(read_cases(tmp_path / "out" / "cases.json")) == 1
    assert str(tmp_path) not in told.out + told.err


def test_routine_company_does_not_fail_the_command(tmp_path: Path) -> None:
    write_study(tmp_path / "in")
    (tmp_path / "in" / "README.md").write_text("x")
    assert prepare(tmp_path / "in", tmp_path / "out") == 0


def test_phases_said_by_the_user_serve_the_studies_that_have_the_series(tmp_path: Path) -> None:
    write_series(tmp_path / "in" / "a", voxels())
    write_study(tmp_path / "in" / "b")
    assert prepare(tmp_path / "in", tmp_path / "out", "--phase", "4=portal_venous") == 0
    cases = read_cases(tmp_path / "out" / "cases.json")
    assert [(c.study, list(c.images)) for c in cases] == [
        ("study-0001", ["portal_venous"]),
        ("study-0002", ["portal_venous"]),
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [(["--phase", "9=arterial"], "No study has a series 9"), (["--phase", "9"], "SERIES=PHASE")],
)
def test_wrong_phase_option_is_told_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    write_study(tmp_path / "in")
    assert prepare(tmp_path / "in", tmp_path / "out", *options) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_folder_without_a_study_and_a_bad_archive_fail_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    assert prepare(tmp_path / "in", tmp_path / "out") == 1
    assert "No study could be prepared" in capsys.readouterr().err
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 cut")
    assert prepare(tmp_path / "x.zip", tmp_path / "out") == 1
    assert "truncated or damaged" in capsys.readouterr().err


def test_full_disk_is_said_and_leaves_no_half_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_study(tmp_path / "in")
    monkeypatch.setattr("detector.cli.prepare.write_volume", full)
    assert prepare(tmp_path / "in", tmp_path / "out") == 1
    assert "No space left on device" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


def test_truth_drawn_on_another_phase_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_study(tmp_path / "in", "arterial")
    assert prepare(tmp_path / "in", tmp_path / "out") == 1
    assert "drawn on the portal_venous phase" in capsys.readouterr().err


def test_what_was_straightened_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tilted(tmp_path / "in", blob_scan(), spacing=(3.0, 3.0), SeriesDescription="portal venous")
    assert prepare(tmp_path / "in", tmp_path / "out") == 0
    assert "series 4: gantry tilt of 10.0 degrees straightened" in capsys.readouterr().out
