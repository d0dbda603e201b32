"""A first detector from unmarked studies: which they are, when it may start, and what its version says."""

from __future__ import annotations

import pytest

from harvest.domain import JobState, ModelKind, Split, TrainingSource
from harvest.errors import Conflict, HarvestError
from harvest.selectors.manifest import unmarked_of
from harvest.selectors.training import cold_start
from harvest.services import supervision
from harvest.services.cold_start import request_cold_start
from tests.harvest.curated import make_study, make_version, mark_lesion, weights_file
from tests.harvest.states import put

pytestmark = pytest.mark.django_db


def unmarked_study(cohort, **more):
    study = make_study(cohort, **more)
    study.has_liver = True
    study.save()
    return study


def test_it_learns_from_prepared_studies_of_the_pool_of_which_nothing_was_said(cohort):
    wanted = unmarked_study(cohort)
    make_study(cohort)  # no liver
    unmarked_study(cohort, split=Split.GOLD)
    mark_lesion(unmarked_study(cohort))
    waiting = unmarked_study(cohort)
    put(waiting, preparation="waiting")
    told = list(unmarked_of(cohort).studies)
    assert [s["id"] for s in told] == [str(wanted.pk)]
    assert (told[0]["lesions"], told[0]["marks"], told[0]["complete"]) == ([], [], False)
    assert cold_start(cohort.pk) == {"studies": 1, "lesions": 1}


def test_gold_marks_do_not_count_as_marked(cohort):
    mark_lesion(make_study(cohort, split=Split.GOLD))
    assert cold_start(cohort.pk) == {"studies": 0, "lesions": 0}


def test_it_is_queued_once_and_needs_a_liver(cohort):
    with pytest.raises(Conflict, match="No unmarked study"):
        request_cold_start(cohort=cohort.pk)
    unmarked_study(cohort)
    with pytest.raises(HarvestError, match="not a plain value"):
        request_cold_start(cohort=cohort.pk, overrides={"steps": {"a": 1}})
    before = make_version(plan={"size": "small"})
    run = request_cold_start(cohort=cohort.pk)
    assert (run.state, run.kind, run.learns_from) == (JobState.QUEUED, ModelKind.DETECTOR, "synthetic")
    assert (run.release, run.initial_version) == (None, before)
    with pytest.raises(Conflict, match="already being trained"):
        request_cold_start(cohort=cohort.pk)
    supervision.cancel(run=run.pk)
    assert request_cold_start(cohort=cohort.pk).state == JobState.QUEUED


def test_gold_studies_judge_it(cohort):
    unmarked_study(cohort)
    mark_lesion(make_study(cohort, split=Split.GOLD, complete=True))
    run = request_cold_start(cohort=cohort.pk)
    assert run.release is not None
    assert run.learns_from == TrainingSource.SYNTHETIC


def test_its_version_says_that_nobody_marked_anything(cohort, tmp_path):
    unmarked_study(cohort)
    run = request_cold_start(cohort=cohort.pk, size="tiny")
    assert supervision.claim(host="alpha", devices=["cpu:0"]) == run
    made = supervision.succeed(
        run=run.pk, attempt=1, weights=weights_file(tmp_path / "w.safetensors"), result={"metrics": {}}
    )
    assert made is not None
    assert made.release is None
    assert "nobody marked one" in made.provenance["data"]
    assert cohort.name in made.provenance["data"]
