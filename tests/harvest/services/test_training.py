from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from harvest import queue
from harvest.domain import JobState, LiverSource, ModelKind, Split
from harvest.errors import Conflict, HarvestError, InvalidTransition
from harvest.models import TrainingRun
from harvest.services import training
from tests.harvest.curated import make_study, make_version, mark_lesion, weights_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, list[str]]]:
    """What is handed to the workers' queue instead of a broker."""
    messages: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(queue, "send", lambda name, ids, queue: messages.append((name, ids)))
    return messages


@pytest.fixture
def curated(cohort):
    mark_lesion(make_study(cohort, lesion_class="hcc"))
    return cohort


def request(cohort, *kinds: ModelKind, **more: object) -> list[TrainingRun]:
    return training.request_training(cohort=cohort.pk, kinds=kinds or [ModelKind.DETECTOR], **more)


def silence(run: TrainingRun) -> None:
    TrainingRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=61))


def test_a_training_is_queued_on_a_frozen_release_and_sent_after_commit(
    curated, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        (run,) = request(curated, overrides={"steps": 5})
        assert sent == []
    assert (run.state, run.release.number) == (JobState.QUEUED, 1)
    assert sent == [("start_training", [str(run.pk)])]


def test_it_starts_from_the_promoted_version_of_the_same_size(curated):
    promoted = make_version(plan={"size": "small"})
    assert request(curated, size="small")[0].initial_version == promoted
    assert request(curated, size="tiny")[0].initial_version is None


def test_nothing_to_learn_from_is_said_before_anything_starts(cohort):
    mark_lesion(make_study(cohort, split=Split.GOLD))
    with pytest.raises(Conflict, match="No study of the pool has a lesion"):
        request(cohort)
    assert not TrainingRun.objects.exists()


def test_the_characterizer_needs_two_classes(curated):
    with pytest.raises(Conflict, match="at least two classes"):
        request(curated, ModelKind.CHARACTERIZER)
    mark_lesion(make_study(curated, lesion_class="fnh"))
    assert request(curated, ModelKind.CHARACTERIZER)[0].state == JobState.QUEUED


def test_a_liver_training_needs_a_curated_study_with_a_mask_of_its_own(curated):
    with pytest.raises(Conflict, match="came with a liver mask"):
        request(curated, ModelKind.LIVER_SEGMENTER)
    study = make_study(curated, complete=True)
    study.has_liver, study.liver_source = True, LiverSource.SUPPLIED
    study.save()
    (run,) = request(curated, ModelKind.LIVER_SEGMENTER)
    assert (run.state, run.kind) == (JobState.QUEUED, "liver_segmenter")


def test_an_override_that_is_not_a_plain_value_is_refused(curated):
    with pytest.raises(HarvestError, match="not a plain value"):
        request(curated, overrides={"steps": {"a": 1}})
    with pytest.raises(HarvestError, match="not a plain value"):
        request(curated, overrides={"--out": "x"})


def test_one_training_runs_at_a_time_and_a_second_delivery_claims_nothing(curated):
    first, second = request(curated)[0], request(curated)[0]
    assert training.claim(run=first.pk)
    assert not training.claim(run=first.pk)
    assert not training.claim(run=second.pk)
    second.refresh_from_db()
    assert second.state == JobState.QUEUED


def test_the_next_is_sent_when_none_runs(curated, sent, django_capture_on_commit_callbacks):
    first, second = request(curated)[0], request(curated)[0]
    training.claim(run=first.pk)
    with django_capture_on_commit_callbacks(execute=True):
        training.start_waiting()
    assert sent == []
    training.cancel(run=first.pk)
    with django_capture_on_commit_callbacks(execute=True):
        training.start_waiting()
    assert sent == [("start_training", [str(second.pk)])]


def test_a_heartbeat_carries_the_progress_and_hears_of_a_cancel(curated):
    (run,) = request(curated)
    training.claim(run=run.pk)
    told = {"step": 3, "total": 10, "values": {"loss": 0.5}, "message": "step 3 of 10"}
    assert training.beat(run=run.pk, progress=told)
    run.refresh_from_db()
    assert (run.step, run.total, run.values, run.message) == (3, 10, {"loss": 0.5}, "step 3 of 10")
    training.cancel(run=run.pk)
    assert not training.beat(run=run.pk)


def test_a_run_whose_heart_stopped_is_ended_by_name(curated):
    (run,) = request(curated)
    training.claim(run=run.pk)
    assert training.end_silent() == []
    silence(run)
    assert training.end_silent() == [run.pk]
    run.refresh_from_db()
    assert (run.state, run.error["code"]) == (JobState.FAILED, "silent")


def test_what_has_ended_stays_as_it_ended(curated, tmp_path):
    (run,) = request(curated)
    training.claim(run=run.pk)
    training.cancel(run=run.pk)
    training.fail(run=run.pk, code="late", message="Too late.")
    weights = weights_file(tmp_path / "w.safetensors")
    assert training.succeed(run=run.pk, weights=weights, result={}) is None
    run.refresh_from_db()
    assert (run.state, run.error) == (JobState.CANCELLED, None)
    with pytest.raises(InvalidTransition):
        training.cancel(run=run.pk)


def test_success_makes_a_version_that_says_where_it_comes_from(curated, tmp_path):
    promoted = make_version(plan={"size": "tiny"})
    (run,) = request(curated, size="tiny", overrides={"steps": 5})
    training.claim(run=run.pk)
    made = training.succeed(
        run=run.pk,
        weights=weights_file(tmp_path / "w.safetensors"),
        result={"metrics": {"train_studies": 1}, "seed": 7, "cases_sha256": "c"},
    )
    run.refresh_from_db()
    assert (run.state, run.result) == (JobState.SUCCEEDED, made)
    assert (made.name, made.promoted, made.parent, made.release) == (
        "detector-v2",
        False,
        promoted,
        run.release,
    )
    assert made.provenance["manifest_sha256"] == run.release.manifest_sha256
    assert made.provenance["initial_version"] == promoted.name
    assert (made.provenance["seed"], made.provenance["overrides"]) == (7, {"steps": 5})
