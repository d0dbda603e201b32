"""Rounds: a model version over the pool, one study at a time."""

from __future__ import annotations

import pytest

from harvest import store
from harvest.domain import JobState, ModelKind, Split
from harvest.errors import HarvestError, InvalidTransition
from harvest.models import Candidate, Cohort, HarvestRound, ModelVersion
from harvest.services import round_runs
from harvest.services.round_runs import run_round_study
from harvest.services.rounds import cancel_round, create_round, send_studies
from tests.harvest.fixtures import BOXES, GEOMETRY, Work, make_study, make_version


def test_a_round_stores_the_candidates_above_the_threshold_bit_for_bit(ready_round: HarvestRound) -> None:
    assert ready_round.state == JobState.SUCCEEDED
    for row in ready_round.studies.all():
        found = list(row.candidates.all())
        assert [(c.rank, c.lo, c.hi, c.score) for c in found] == [
            (rank, box["lo"], box["hi"], box["score"]) for rank, box in enumerate(BOXES[:2], start=1)
        ]
        assert [c.suggested_primary for c in found] == [True, False]
        assert row.top_score == 0.9


def test_without_a_key_slice_filter_the_middle_slice_is_the_key(ready_round: HarvestRound) -> None:
    c = Candidate.objects.filter(rank=1).first()
    assert c is not None
    slices = GEOMETRY.slices_from_box(c.box)[0]
    assert slices.start < c.key_z_index < slices.stop - 1


def test_the_promoted_key_slice_filter_says_the_key_slice_and_the_primary_one(
    cohort: Cohort, detector: ModelVersion, work: Work
) -> None:
    make_version(ModelKind.KEY_SLICE_FILTER, [0.2, 0.8])
    make_study(cohort)
    with work():
        create_round(cohort=cohort)
    found = list(Candidate.objects.order_by("rank"))
    assert [(c.key_z_index, c.primary_score, c.suggested_primary) for c in found] == [
        (0, 0.2, False),
        (0, 0.8, True),
    ]


def test_at_most_the_cohorts_number_of_candidates_is_kept(
    cohort: Cohort, detector: ModelVersion, work: Work
) -> None:
    cohort.max_candidates = 1
    cohort.save()
    make_study(cohort)
    with work():
        create_round(cohort=cohort)
    assert Candidate.objects.count() == 1


def test_gold_studies_are_left_out(cohort: Cohort, detector: ModelVersion) -> None:
    make_study(cohort, split=Split.GOLD)
    pool = make_study(cohort)
    made = create_round(cohort=cohort)
    assert [row.study for row in made.studies.all()] == [pool]


def test_studies_whose_lesions_all_came_with_them_are_left_out(
    cohort: Cohort, detector: ModelVersion
) -> None:
    public, unmarked = make_study(cohort), make_study(cohort)
    public.complete = True
    public.save()
    assert [row.study_id for row in create_round(cohort=cohort).studies.all()] == [unmarked.pk]


def test_a_study_sent_twice_runs_once(ready_round: HarvestRound) -> None:
    row = ready_round.studies.first()
    assert row is not None
    before = set(row.candidates.values_list("pk", flat=True))
    run_round_study(round_study_id=row.pk)
    send_studies(round_id=ready_round.pk)
    assert set(row.candidates.values_list("pk", flat=True)) == before


def test_a_failure_is_named_for_its_study_and_the_others_go_on(
    cohort: Cohort, detector: ModelVersion, work: Work
) -> None:
    good, bad = make_study(cohort), make_study(cohort, phases=("arterial",))
    with work():
        made = create_round(cohort=cohort)
    made.refresh_from_db()
    assert made.state == JobState.SUCCEEDED
    assert made.studies.get(study=good).state == JobState.SUCCEEDED
    failed = made.studies.get(study=bad)
    assert failed.state == JobState.FAILED
    assert failed.error["code"] == "unreadable"
    assert "one phase only" in failed.error["message"]


def test_a_failure_after_the_tiles_leaves_no_candidate_and_no_tile(
    cohort: Cohort, detector: ModelVersion, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_study(cohort)

    def broken(*args: object) -> None:
        raise RuntimeError("/home/somebody/secret")

    monkeypatch.setattr(round_runs, "_store", broken)
    with work():
        made = create_round(cohort=cohort)
    made.refresh_from_db()
    assert made.state == JobState.FAILED
    assert made.error["code"] == "internal"
    assert "secret" not in made.error["message"]
    assert not Candidate.objects.exists()
    assert not list((store.root() / "tiles").iterdir())


def test_cancelling_keeps_what_was_found_and_runs_nothing_more(
    cohort: Cohort, detector: ModelVersion
) -> None:
    make_study(cohort), make_study(cohort)
    made = create_round(cohort=cohort)
    first, second = made.studies.order_by("study__ordinal")
    run_round_study(round_study_id=first.pk)
    cancel_round(round_id=made.pk)
    run_round_study(round_study_id=second.pk)
    made.refresh_from_db()
    second.refresh_from_db()
    assert (made.state, second.state) == (JobState.CANCELLED, JobState.CANCELLED)
    assert first.candidates.count() == 2
    assert second.candidates.count() == 0
    with pytest.raises(InvalidTransition):
        cancel_round(round_id=made.pk)


def test_a_round_needs_a_model_and_studies(cohort: Cohort, state: object) -> None:
    with pytest.raises(HarvestError) as no_model:
        create_round(cohort=cohort)
    make_version(ModelKind.DETECTOR, BOXES)
    with pytest.raises(HarvestError) as empty:
        create_round(cohort=cohort)
    key_slices = make_version(ModelKind.KEY_SLICE_FILTER, [])
    with pytest.raises(HarvestError) as other:
        create_round(cohort=cohort, model_version=key_slices)
    assert [e.value.code for e in (no_model, empty, other)] == ["no_model", "empty_cohort", "unknown_model"]
    assert not HarvestRound.objects.exists()
