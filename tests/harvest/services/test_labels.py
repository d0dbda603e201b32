"""Pathology labels: matched by subject and day, asked about where they are not plain, taken back whole."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest.domain import PROCEDURE_OUTCOME, RowState
from harvest.errors import Conflict, HarvestError, NotFound
from harvest.models import Cohort, LabelImport, Outcome, Study
from harvest.selectors.labels import Fit
from harvest.services.dates import shifted
from harvest.services.labels import apply_labels, preview_labels, undo_labels
from harvest.services.taking import pseudonym_of
from tests.harvest.fixtures import make_study

pytestmark = pytest.mark.usefixtures("state")
SCAN = date(2020, 3, 1)
HEADER = "Patient ID,Diagnosis,Procedure date,Procedure type"


def study_of(cohort: Cohort, name: str, day: date | None = SCAN, lesion_class: str = "") -> Study:
    study = make_study(cohort, subject=pseudonym_of(name))
    study.shifted_date = shifted(day, name)
    study.lesion_class = lesion_class
    study.save()
    return study


def table(*rows: tuple[object, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return (HEADER + "\n" + out.getvalue()).encode()


def after(days: int) -> str:
    return (SCAN + timedelta(days=days)).isoformat()


def told(cohort: Cohort, *rows: tuple[object, ...], **options: object) -> list[Fit]:
    return preview_labels(cohort=cohort, data=table(*rows), **options)  # type: ignore[arg-type]


def class_of(study: Study) -> str:
    return Study.objects.get(pk=study.pk).lesion_class


def test_a_row_gives_the_study_of_its_subject_within_the_window_its_class(cohort: Cohort) -> None:
    study = study_of(cohort, "Jane Doe")
    made, fits = apply_labels(
        cohort=cohort, data=table(("Jane Doe", "Hepatocellular carcinoma", after(10), "Resection"))
    )
    assert [(f.number, f.state, f.days(study)) for f in fits] == [(2, RowState.READY, 10)]
    assert class_of(study) == "hcc"
    outcome = Outcome.objects.get()
    assert (outcome.subject_id, outcome.kind) == (study.subject_id, PROCEDURE_OUTCOME)
    assert outcome.value == {"study": str(study.pk), "procedure": "resection", "lesion_class": "hcc"}
    assert outcome.on is not None
    assert study.shifted_date is not None
    assert (outcome.on - study.shifted_date).days == 10
    assert made.changes[0]["before"] == ""


def test_a_preview_changes_nothing(cohort: Cohort) -> None:
    study = study_of(cohort, "p")
    assert [f.state for f in told(cohort, ("p", "ICC", after(1), ""))] == [RowState.READY]
    assert (class_of(study), Outcome.objects.count(), LabelImport.objects.count()) == ("", 0, 0)


@pytest.mark.parametrize(
    ("days", "window", "state"),
    [
        (0, 31, "ready"),
        (31, 31, "ready"),
        (32, 31, "error"),
        (-1, 31, "error"),
        (32, 60, "ready"),
        (0, 0, "ready"),
    ],
)
def test_the_window_is_from_the_day_itself_to_so_many_days_before_the_procedure(
    cohort: Cohort, days: int, window: int, state: str
) -> None:
    study_of(cohort, "p")
    (fit,) = told(cohort, ("p", "HCC", after(days), ""), window_days=window)
    assert fit.state == state
    if state == "error":
        assert fit.code == "outside_window"
        assert str(abs(days)) in fit.message


def test_several_studies_in_the_window_are_asked_about_and_the_answer_is_used(cohort: Cohort) -> None:
    first, second = study_of(cohort, "p"), study_of(cohort, "p", SCAN + timedelta(days=5))
    far = study_of(cohort, "p", SCAN - timedelta(days=300))
    row = ("p", "HCC", after(10), "")
    (fit,) = told(cohort, row)
    assert (fit.state, fit.code, fit.choices) == (RowState.QUESTION, "several", (first, second))
    with pytest.raises(HarvestError) as caught:
        apply_labels(cohort=cohort, data=table(row))
    assert caught.value.code == "nothing_to_apply"
    (left_out,) = told(cohort, row, choices={2: None})
    assert left_out.state == RowState.SKIPPED
    (wrong,) = told(cohort, row, choices={2: far.pk})
    assert (wrong.state, wrong.code) == (RowState.ERROR, "not_a_choice")
    apply_labels(cohort=cohort, data=table(row), choices={2: second.pk})
    assert [class_of(s) for s in (first, second, far)] == ["", "hcc", ""]


def test_a_study_without_a_date_is_never_taken_for_granted(cohort: Cohort) -> None:
    study = study_of(cohort, "p", None)
    (fit,) = told(cohort, ("p", "HCC", after(0), ""))
    assert (fit.state, fit.code, fit.choices) == (RowState.QUESTION, "undated", (study,))
    assert fit.days(study) is None


def test_a_study_of_another_class_is_asked_about_before_it_is_changed(cohort: Cohort) -> None:
    study = study_of(cohort, "p", lesion_class="metastasis")
    row = ("p", "HCC", after(1), "biopsy")
    (fit,) = told(cohort, row)
    assert (fit.state, fit.code) == (RowState.QUESTION, "other_class")
    apply_labels(cohort=cohort, data=table(row), choices={2: study.pk})
    assert class_of(study) == "hcc"


def test_rows_that_give_one_study_two_classes_are_both_errors_by_number(cohort: Cohort) -> None:
    study_of(cohort, "p")
    fits = told(cohort, ("p", "HCC", after(1), ""), ("q", "HCC", after(1), ""), ("p", "ICC", after(2), ""))
    assert [(f.number, f.code) for f in fits] == [
        (2, "contradiction"),
        (3, "unknown_subject"),
        (4, "contradiction"),
    ]
    assert "Rows 2, 4" in fits[0].message


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("", "HCC", "2020-03-02", ""), "no_subject"),
        (("p", "cold", "2020-03-02", ""), "unknown_pathology"),
        (("p", "", "2020-03-02", ""), "unknown_pathology"),
        (("p", "HCC", "", ""), "bad_date"),
        (("p", "HCC", "03/02/2020", ""), "bad_date"),
        (("p", "HCC", "2020-02-30", ""), "bad_date"),
        (("p", "HCC", "1890-01-01", ""), "bad_date"),
        (("p", "HCC", "2020-03-02", "by Dr. Doe"), "unknown_procedure"),
        (("nobody", "HCC", "2020-03-02", ""), "unknown_subject"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_under_its_number_and_the_others_are_ready(
    cohort: Cohort, row: tuple[str, ...], code: str
) -> None:
    study_of(cohort, "p")
    fits = told(cohort, row, ("p", "HCC", "02.03.2020", ""))
    assert [(f.number, f.state) for f in fits] == [(2, RowState.ERROR), (3, RowState.READY)]
    assert fits[0].code == code
    assert "Doe" not in fits[0].message


@pytest.mark.parametrize("header", ["a,b,c", "subject,pathology", "subject,patient,pathology,date"])
def test_a_table_without_its_columns_or_with_one_twice_is_refused(cohort: Cohort, header: str) -> None:
    with pytest.raises(HarvestError) as caught:
        preview_labels(cohort=cohort, data=header.encode() + b"\n1,2,3\n")
    assert caught.value.code == "table_columns"


def test_applying_again_changes_nothing(cohort: Cohort) -> None:
    study_of(cohort, "p")
    data = table(("p", "HCC", after(1), "biopsy"), ("p", "HCC", after(1), "biopsy"))
    _, fits = apply_labels(cohort=cohort, data=data)
    assert [f.state for f in fits] == [RowState.READY, RowState.UNCHANGED]
    assert [f.state for f in preview_labels(cohort=cohort, data=data)] == [RowState.UNCHANGED] * 2
    assert Outcome.objects.count() == 1


def test_undo_restores_what_was_and_leaves_what_was_changed_since(cohort: Cohort) -> None:
    mine, changed, there = (
        study_of(cohort, "a"), study_of(cohort, "b"), study_of(cohort, "c", lesion_class="fnh"),
    )  # fmt: skip
    rows = [(name, "HCC", after(1), "") for name in "abc"]
    made, _ = apply_labels(cohort=cohort, data=table(*rows), choices={4: there.pk})
    Study.objects.filter(pk=changed.pk).update(lesion_class="icc")
    _, kept = undo_labels(id=made.pk)
    assert kept == 1
    assert [class_of(s) for s in (mine, changed, there)] == ["", "icc", "fnh"]
    assert Outcome.objects.count() == 0
    with pytest.raises(Conflict):
        undo_labels(id=made.pk)
    with pytest.raises(NotFound):
        undo_labels(id=UUID(int=0))


def test_nobody_of_the_table_is_in_the_database(cohort: Cohort, tmp_path: Path) -> None:
    study_of(cohort, "Jane Doe 1970")
    apply_labels(cohort=cohort, data=table(("Jane Doe 1970", "HCC", after(3), "")))
    kept = str(list(LabelImport.objects.values())) + str(list(Outcome.objects.values()))
    assert "Doe" not in kept
    assert after(3) not in kept
    assert SCAN.isoformat() not in str(list(Study.objects.values()))


def test_labels_stay_within_their_cohort(cohort: Cohort) -> None:
    other = Cohort.objects.create(name="other")
    study = study_of(other, "p")
    assert [f.code for f in told(cohort, ("p", "HCC", after(1), ""))] == ["unknown_subject"]
    assert class_of(study) == ""


@given(
    day=st.dates(date(1970, 1, 1), date(2100, 1, 1)),
    apart=st.integers(-4000, 4000),
    name=st.text(min_size=1, max_size=20),
)
def test_distances_of_a_subject_survive_the_shift_and_the_day_does_not(
    day: date, apart: int, name: str
) -> None:
    other = day + timedelta(days=apart)
    moved, also = shifted(day, name), shifted(other, name)
    assert moved is not None
    assert moved < day
    if also is not None:
        assert (also - moved).days == apart
    assert shifted(day, name) == moved


def test_subjects_are_shifted_differently() -> None:
    assert len({shifted(SCAN, f"subject {n}") for n in range(50)}) > 45
    assert shifted(None, "x") is shifted(date(1, 1, 1), "x") is None
