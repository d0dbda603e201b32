"""The chain: one training after the other, each where the gate lets the version before it through."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from harvest.domain import ChainOutcome, JobState, ModelKind, PromotionGround, Split, TrainingSource
from harvest.errors import Conflict
from harvest.models import Judgement, Promotion, TrainingRun
from harvest.selectors.versions import promoted
from harvest.services import chains, supervision
from tests.harvest.curated import make_study, make_version, mark_lesion
from tests.harvest.states import put

pytestmark = pytest.mark.django_db
EVERY = [ModelKind.DETECTOR, ModelKind.KEY_SLICE_FILTER, ModelKind.CHARACTERIZER]


@pytest.fixture
def curated(cohort):
    for lesion_class in ("hcc", "fnh"):
        mark_lesion(make_study(cohort, lesion_class=lesion_class))
    mark_lesion(make_study(cohort, split=Split.GOLD, lesion_class="hcc"))
    return cohort


@pytest.fixture
def ada():
    return User.objects.create_user("ada")


def last(chain) -> TrainingRun:
    return chain.runs.order_by("-created_at").first()


def ends_well(chain, *, passed: bool | None):
    """The latest training made a version; it was judged beside the one in use, where `passed` is told."""
    run = last(chain)
    rival = promoted(ModelKind(run.kind))
    made = make_version(ModelKind(run.kind), promoted=rival is None)
    put(run, state=JobState.SUCCEEDED, result=made)
    if passed is not None:
        refusals = [] if passed else [{"metric": "p1td_1", "stratum": None, "lo": -0.2}]
        Judgement.objects.create(
            version=made,
            against=rival,
            release=chain.release,
            margin=-0.05,
            state=JobState.SUCCEEDED,
            passed=passed,
            refusals=refusals,
        )
    chains.move_chains_on()
    chain.refresh_from_db()
    return made


def in_use():
    for kind in EVERY:
        make_version(kind)


def test_each_training_follows_when_the_gate_let_the_one_before_through(curated, ada):
    in_use()
    chain = chains.request_chain(cohort=curated.pk, size="tiny", overrides={"steps": 3}, owner=ada)
    assert (last(chain).kind, last(chain).overrides) == (ModelKind.DETECTOR, {"steps": 3})
    detector = ends_well(chain, passed=True)
    assert promoted(ModelKind.DETECTOR) == detector
    promotion = Promotion.objects.get(version=detector)
    assert (promotion.ground, promotion.approver_name) == (PromotionGround.GATE, "ada")
    run = last(chain)
    assert (run.kind, run.learns_from) == (ModelKind.KEY_SLICE_FILTER, TrainingSource.OUT_OF_FOLD)
    ends_well(chain, passed=True)
    assert (last(chain).kind, last(chain).overrides) == (ModelKind.CHARACTERIZER, {})
    ends_well(chain, passed=True)
    assert (chain.state, chain.outcome) == (JobState.SUCCEEDED, ChainOutcome.COMPLETE)
    assert chain.runs.count() == 3


def test_a_refusal_ends_the_chain_and_says_by_what(curated, ada):
    in_use()
    chain = chains.request_chain(cohort=curated.pk, owner=ada)
    made = ends_well(chain, passed=False)
    assert (chain.outcome, chain.runs.count()) == (ChainOutcome.REFUSED, 1)
    assert f"refused {made.name}" in chain.message
    assert "p1td_1 -0.200 at worst" in chain.message
    assert promoted(ModelKind.DETECTOR) != made


def test_the_first_of_a_kind_needs_no_gate_and_one_without_gold_waits_for_a_person(curated, ada):
    chain = chains.request_chain(cohort=curated.pk, owner=ada)
    ends_well(chain, passed=None)
    assert last(chain).kind == ModelKind.KEY_SLICE_FILTER
    make_version(ModelKind.KEY_SLICE_FILTER)
    ends_well(chain, passed=None)
    assert (chain.state, chain.outcome) == (JobState.SUCCEEDED, ChainOutcome.NOT_JUDGED)


def test_it_waits_while_a_version_is_judged(curated, ada):
    in_use()
    chain = chains.request_chain(cohort=curated.pk, owner=ada)
    made = make_version(promoted=False)
    put(last(chain), state=JobState.SUCCEEDED, result=made)
    rival = promoted(ModelKind.DETECTOR)
    Judgement.objects.create(version=made, against=rival, release=chain.release, margin=-0.05)
    chains.move_chains_on()
    chain.refresh_from_db()
    assert (chain.state, chain.message) == (JobState.RUNNING, f"judging {made.name} beside {rival.name}")


def test_a_failed_training_ends_it_and_resuming_that_one_goes_on(curated, ada):
    chain = chains.request_chain(cohort=curated.pk, owner=ada)
    run = last(chain)
    put(run, state=JobState.FAILED, error={"code": "x", "message": "Out of memory."})
    chains.move_chains_on()
    chain.refresh_from_db()
    assert (chain.state, chain.outcome) == (JobState.FAILED, ChainOutcome.FAILED)
    assert "Out of memory." in chain.message
    supervision.resume(run=run.pk)
    chain.refresh_from_db()
    assert (chain.state, chain.outcome) == (JobState.RUNNING, "")
    ends_well(chain, passed=None)
    assert chain.runs.count() == 2


def test_cancelling_it_cancels_what_is_being_trained(curated, ada):
    chain = chains.request_chain(cohort=curated.pk, owner=ada)
    chains.cancel_chain(chain=chain.pk)
    chain.refresh_from_db()
    assert (chain.outcome, last(chain).state) == (ChainOutcome.CANCELLED, JobState.CANCELLED)
    chains.move_chains_on()
    assert chain.runs.count() == 1


def test_one_chain_a_cohort_and_nothing_to_learn_is_said_first(curated, cohort, ada):
    chains.request_chain(cohort=curated.pk, owner=ada, kinds=["detector"])
    with pytest.raises(Conflict, match="under way"):
        chains.request_chain(cohort=curated.pk, owner=ada)
