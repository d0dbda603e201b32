"""What a release holds, and what is left out of it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from detector.geometry import Box3D
from harvest.domain import LesionSource, PreparationState, Role, Split, Verdict
from harvest.manifest import counts_of, difference, sha256_of, snapshot
from harvest.selectors.manifest import manifest_of
from tests.harvest.curated import (
    ELSEWHERE,
    TUMOUR,
    finish,
    judge,
    make_round,
    make_study,
    mark_lesion,
    propose,
    undo,
)
from tests.harvest.states import put

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(user_of):
    return user_of(Role.CLINICIAN)


def only(cohort) -> dict:
    (study,) = list(manifest_of(cohort).studies)
    return study


def test_a_study_that_nobody_finished_and_that_has_no_lesion_is_left_out(cohort, reader):
    row = propose(make_round(cohort), make_study(cohort), TUMOUR)
    judge(row, reader, Verdict.NOT_A_LESION, row.candidates.get())
    assert list(manifest_of(cohort).studies) == []


def test_an_unfinished_study_with_a_lesion_is_held_but_not_complete(cohort):
    mark_lesion(make_study(cohort))
    study = only(cohort)
    assert (len(study["lesions"]), study["complete"]) == (1, False)


def test_a_study_without_lesion_is_a_complete_case_whose_candidates_are_all_negative(cohort, reader):
    row = propose(make_round(cohort), make_study(cohort), TUMOUR, ELSEWHERE)
    judge(row, reader, Verdict.NO_LESION)
    finish(row, reader)
    study = only(cohort)
    assert study["complete"]
    assert study["lesions"] == []
    assert [m["verdict"] for m in study["marks"]] == ["not_a_lesion"] * 2


def test_a_missed_study_is_complete_only_once_its_lesion_is_drawn(cohort, reader):
    study = make_study(cohort)
    row = propose(make_round(cohort), study, ELSEWHERE)
    judge(row, reader, Verdict.NOT_A_LESION, row.candidates.get())
    judge(row, reader, Verdict.MISSED)
    finish(row, reader)
    assert not only(cohort)["complete"]
    mark_lesion(study)
    assert only(cohort)["complete"]


def test_rejecting_every_candidate_does_not_say_that_there_is_no_lesion(cohort, reader):
    row = propose(make_round(cohort), make_study(cohort), ELSEWHERE)
    judge(row, reader, Verdict.NOT_A_LESION, row.candidates.get())
    finish(row, reader)
    study = only(cohort)
    assert (study["complete"], len(study["marks"])) == (False, 1)


def test_the_latest_standing_verdict_counts(cohort, reader):
    row = propose(make_round(cohort), make_study(cohort, complete=True), ELSEWHERE)
    candidate = row.candidates.get()
    judge(row, reader, Verdict.UNSURE, candidate)
    rejected = judge(row, reader, Verdict.NOT_A_LESION, candidate)
    assert [m["verdict"] for m in only(cohort)["marks"]] == ["not_a_lesion"]
    undo(rejected)
    assert [m["verdict"] for m in only(cohort)["marks"]] == ["unsure"]


def test_a_rejected_box_that_overlaps_a_lesion_does_not_teach_that_nothing_is_there(cohort, reader):
    study = make_study(cohort)
    shifted = Box3D(tuple(v + 6 for v in TUMOUR.lo), tuple(v + 6 for v in TUMOUR.hi))
    row = propose(make_round(cohort), study, shifted, ELSEWHERE)
    for candidate in row.candidates.all():
        judge(row, reader, Verdict.NOT_A_LESION, candidate)
    mark_lesion(study)
    assert [m["lo"] for m in only(cohort)["marks"]] == [list(ELSEWHERE.lo)]


def test_the_same_data_gives_the_same_bytes(cohort, reader):
    mark_lesion(make_study(cohort))
    mark_lesion(make_study(cohort, split=Split.GOLD))
    assert sha256_of(manifest_of(cohort)) == sha256_of(manifest_of(cohort))


def test_counts_say_what_is_in_it(cohort):
    mark_lesion(make_study(cohort), lesion_class="hcc")
    mark_lesion(make_study(cohort), primary=False, lesion_class="cyst")
    make_study(cohort, split=Split.GOLD, complete=True)
    counts = counts_of(manifest_of(cohort))
    assert counts == {
        "studies": 3,
        "subjects": 3,
        "pool": 2,
        "gold": 1,
        "without_lesion": 1,
        "lesions": 2,
        "primary": 1,
        "by_class": {"cyst": 1, "hcc": 1},
        "by_site": {},
        "excluded": {},
        "not_a_lesion": 0,
        "unsure": 0,
        "left_out": 0,
    }


def test_a_study_that_is_not_ready_is_left_out_by_its_number(cohort):
    ready, waiting = make_study(cohort), make_study(cohort)
    for study in (ready, waiting):
        mark_lesion(study)
    put(waiting, preparation=PreparationState.WAITING)
    made = manifest_of(cohort)
    assert [s["ordinal"] for s in made.studies] == [ready.ordinal]
    assert made.left_out == [waiting.ordinal]
    assert counts_of(made)["left_out"] == 1


def test_the_difference_follows_a_lesion_through_its_edits(cohort):
    kept, redrawn, gone = (make_study(cohort) for _ in range(3))
    mark_lesion(kept)
    first, lost = mark_lesion(redrawn), mark_lesion(gone)
    before = snapshot(manifest_of(cohort))
    for old in (first, lost):
        old.retired_at = old.created_at
        old.save()
    mark_lesion(redrawn, ELSEWHERE, replaces=first, lesion_class="hcc")
    mark_lesion(kept, ELSEWHERE, source=LesionSource.DRAWN)
    changed = difference(before, manifest_of(cohort))
    assert {name: [c["ordinal"] for c in entries] for name, entries in changed.items()} == {
        "added": [1],
        "removed": [3],
        "moved": [2],
        "relabelled": [2],
        "nudged": [],
    }


def test_queries_do_not_grow_with_the_cohort(cohort, reader):
    def grow() -> None:
        row = propose(make_round(cohort), make_study(cohort), TUMOUR, ELSEWHERE)
        judge(row, reader, Verdict.UNSURE, row.candidates.first())
        mark_lesion(row.study)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            list(manifest_of(cohort).studies)
        return len(captured)

    grow()
    few = queries()
    for _ in range(3):
        grow()
    assert queries() == few


def test_a_phase_that_was_moved_changes_the_release_and_one_put_back_does_not(cohort):
    study = make_study(cohort)
    mark_lesion(study)
    series = study.series.get(phase="arterial")
    releases = []
    for nudge in ([0.0, 0.0, 0.0], [3.0, 0.0, -1.5], [0.0, 0.0, 0.0]):
        series.nudge_mm = nudge
        series.save()
        releases.append(snapshot(manifest_of(cohort)))
    still, moved, back = releases
    assert sha256_of(still) == sha256_of(back) != sha256_of(moved)
    assert difference(still, moved)["nudged"] == [
        {
            "study": str(study.pk),
            "ordinal": 1,
            "phase": "arterial",
            "before_mm": [0.0, 0.0, 0.0],
            "after_mm": [3.0, 0.0, -1.5],
        }
    ]
    assert difference(moved, moved)["nudged"] == []
    assert [name for name, entries in difference(moved, back).items() if entries] == ["nudged"]
