"""`import_labels`: a preview by default, then applied, then taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from harvest.models import Cohort, Study
from tests.detector.datasets import layouts
from tests.harvest.commands.test_harvesting import call, reported
from tests.harvest.services.test_labels import HEADER, after, class_of, study_of

pytestmark = pytest.mark.usefixtures("state", "db")


@pytest.fixture
def study(cohort: Cohort) -> Study:
    return study_of(cohort, "Jane Doe")


def write(tmp_path: Path, *rows: str) -> str:
    path = tmp_path / "Doe.csv"
    path.write_text("\n".join([HEADER, *rows]))
    return str(path)


def test_preview_then_apply_then_undo(tmp_path: Path, study: Study) -> None:
    path = write(tmp_path, f"Jane Doe,HCC,{after(3)},biopsy")
    status, said = reported("import_labels", path, "--cohort", "liver")
    assert (status, said["applied"], class_of(study)) == (0, None, "")
    assert said["rows"][0] | {"state": "ready"} == said["rows"][0]
    status, said = reported("import_labels", path, "--cohort", "liver", "--apply")
    assert (status, class_of(study)) == (0, "hcc")
    status, undone = reported("import_labels", "--undo", said["applied"])
    assert (status, undone["changes"], class_of(study)) == (0, 1, "")


def test_errors_and_questions_are_printed_by_row_and_end_non_zero(
    tmp_path: Path, cohort: Cohort, study: Study
) -> None:
    second = study_of(cohort, "Jane Doe")
    path = write(tmp_path, f"Jane Doe,HCC,{after(3)},", f"John Roe,HCC,{after(3)},")
    status, printed = call("import_labels", path, "--cohort", "liver")
    assert status == 1
    assert "Row 2: Several studies" in printed
    assert f"{study.ordinal} (3 days before); {second.ordinal} (3 days before)" in printed
    assert "Row 3: The cohort has no study" in printed
    assert "Doe" not in printed
    assert "Roe" not in printed
    answer = f"2={second.ordinal}"
    status, said = reported("import_labels", path, "--cohort", "liver", "--apply", "--choose", answer)
    assert (status, said["counts"]["ready"], class_of(second)) == (1, 1, "hcc")


def test_a_dicom_study_is_found_by_the_patient_id_and_date_of_its_own_header(tmp_path: Path) -> None:
    layouts.dicom(
        tmp_path / "in", layouts.scan(1), patient="DOE-1970", SeriesDescription="portal venous",
        StudyDate="20200301",
    )  # fmt: skip
    assert call("import_studies", str(tmp_path / "in"), "--cohort", "c")[0] == 0
    path = write(tmp_path, f"DOE-1970,FNH,{after(31)},resection", f"DOE-1970,FNH,{after(32)},resection")
    _, said = reported("import_labels", path, "--cohort", "c", "--apply")
    assert [row["code"] for row in said["rows"]] == ["", "outside_window"]
    study = Study.objects.get()
    assert study.lesion_class == "fnh"
    assert str(study.shifted_date) != "2020-03-01"
    # Seen again, a study that was taken before dates were kept gets its own.
    Study.objects.update(shifted_date=None)
    call("import_studies", str(tmp_path / "in"), "--cohort", "c")
    assert Study.objects.get().shifted_date == study.shifted_date


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], "invalid"),
        (["nowhere.csv", "--cohort", "liver"], "not_found"),
        (["{csv}", "--cohort", "none"], "not_found"),
        (["{csv}", "--cohort", "liver", "--choose", "x"], "invalid"),
        (["{csv}", "--cohort", "liver", "--window-days", "-1"], "window"),
        (["{csv}", "--cohort", "liver", "--apply"], "nothing_to_apply"),
        (["--undo", "x"], "invalid"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, cohort: Cohort, arguments: list[str], code: str) -> None:
    path = write(tmp_path)
    status, said = reported("import_labels", *[a.format(csv=path) for a in arguments])
    assert (status, said["code"]) == (1, code)
