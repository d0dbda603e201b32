"""What lands on disk says the same as the study in memory, to independent readers too."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from detector.__main__ import main
from detector.data.cases import read_cases
from detector.geometry import Box3D
from detector.phantom.cohort import member
from detector.phantom.parameters import PHASES
from detector.phantom.write import write_study

SMALL = ["--matrix", "64", "--slices", "16"]


def test_nibabel_reads_the_same_points_with_x_and_y_turned(tmp_path: Path) -> None:
    _, subject, study = member(1, 1, "training", matrix=64, slices=16)
    write_study(study, tmp_path, subject)

    for phase in PHASES:
        image = nibabel.load(tmp_path / f"{phase}.nii.gz")
        voxels = np.asarray(image.dataobj)  # (X, Y, Z)
        assert np.array_equal(voxels.transpose(2, 1, 0), study.volumes[phase].array_zyx)
        for z, y, x in [(0, 0, 0), (15, 63, 63), (7, 10, 50)]:
            ras = image.affine @ [x, y, z, 1]
            left, back, head = study.geometry.point_from_index((z, y, x))
            np.testing.assert_allclose(ras[:3], [-left, -back, head], atol=1e-3)


def test_truth_boxes_hold_the_label_map_read_by_nibabel(tmp_path: Path) -> None:
    _, subject, study = member(1, 2, "training", matrix=64, slices=16)
    write_study(study, tmp_path, subject)

    truth = json.loads((tmp_path / "truth.json").read_text())
    image = nibabel.load(tmp_path / "truth" / "lesions.nii.gz")
    labels = np.asarray(image.dataobj)
    assert (truth["frame"], truth["unit"], truth["reference_phase"]) == ("LPS", "mm", "portal_venous")
    assert truth["lesion_class"] == "icc"
    assert sum(entry["primary"] for entry in truth["lesions"]) == 1
    for entry in truth["lesions"]:
        corners = np.argwhere(labels == entry["label"])
        edges = np.array([corners.min(axis=0) - 0.5, corners.max(axis=0) + 0.5])
        ras = nibabel.affines.apply_affine(image.affine, edges)
        lps = np.sort(ras * [-1, -1, 1], axis=0)
        np.testing.assert_allclose([entry["lo"], entry["hi"]], lps, atol=1e-3)


def test_dicom_series_hold_the_same_hounsfield_units_and_points(tmp_path: Path) -> None:
    _, subject, study = member(1, 3, "training", matrix=64, slices=16)
    write_study(study, tmp_path, subject, dicom=True)

    files = sorted((tmp_path / "arterial").iterdir())
    slices = [pydicom.dcmread(f) for f in files]
    hu = np.stack([s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in slices])
    assert np.array_equal(hu, study.volumes["arterial"].array_zyx)
    for z, s in enumerate(slices):
        np.testing.assert_allclose(
            np.array(s.ImagePositionPatient, float), study.geometry.point_from_index((z, 0, 0)), atol=1e-4
        )
    assert {s.SeriesDescription for s in slices} == {"Abdomen arterial 5.0"}
    assert slices[0].PatientID == "PHANTOM-1-0003"
    series = {p: pydicom.dcmread(next((tmp_path / p).iterdir())) for p in PHASES}
    assert len({s.SeriesInstanceUID for s in series.values()}) == 4
    assert len({s.StudyInstanceUID for s in series.values()}) == 1
    assert len({s.FrameOfReferenceUID for s in series.values()}) == 1


def test_the_command_writes_the_same_studies_however_many_are_asked_for(tmp_path: Path) -> None:
    for name, count in (("one", "1"), ("two", "2")):
        out = str(tmp_path / name)
        assert main(["phantom", "--out", out, "--studies", count, "--seed", "4", *SMALL]) == 0

    one, two = (sorted(p for p in (tmp_path / n / "study-0001").rglob("*.*")) for n in ("one", "two"))
    assert [p.name for p in one] == [p.name for p in two]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(one, two, strict=True))


def test_cohorts_and_seeds_never_share_a_subject() -> None:
    subjects = {
        member(seed, number, cohort, matrix=48, slices=12)[1]
        for seed in (1, 2)
        for number in (1, 2)
        for cohort in ("training", "evaluation")
    }
    assert len(subjects) == 8


def test_aligned_cohort_comes_with_a_case_list_of_its_truth(tmp_path: Path) -> None:
    command = ["phantom", "--out", str(tmp_path), "--studies", "2", "--aligned", "--jobs", "2", *SMALL]
    assert main(command) == 0

    cases = read_cases(tmp_path / "cases.json")
    assert [c.lesion_class for c in cases] == ["hcc", "icc"]
    for case in cases:
        truth = json.loads((tmp_path / case.study / "truth.json").read_text())
        assert [m.box for m in case.marks] == [Box3D.from_json(e) for e in truth["lesions"]]
        assert all(Path(p).is_file() for p in (*case.images.values(), case.liver))


@pytest.mark.parametrize("wrong", [["--studies", "0"], ["--studies", "1", "--seed", "-1"]])
def test_impossible_wishes_are_one_line_and_a_failure(
    tmp_path: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["phantom", "--out", str(tmp_path / "out"), *wrong]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_an_out_that_is_a_file_is_told_without_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("")
    assert main(["phantom", "--out", str(tmp_path / "taken"), "--studies", "1"]) == 1
    error = capsys.readouterr().err
    assert "cannot be written" in error
    assert str(tmp_path) not in error
