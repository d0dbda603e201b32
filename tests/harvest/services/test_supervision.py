from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from harvest import queue
from harvest.domain import JobState, ModelKind
from harvest.errors import InvalidTransition
from harvest.models import DeviceLease, TrainingHost, TrainingRun
from harvest.services import supervision, training
from tests.harvest.curated import make_study, make_version, mark_lesion, weights_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    """What is handed to the workers' queue instead of a broker."""
    messages: list[str] = []
    monkeypatch.setattr(queue, "send", lambda name, ids, queue: messages.append(name))
    return messages


@pytest.fixture
def curated(cohort):
    mark_lesion(make_study(cohort, lesion_class="hcc"))
    return cohort


def request(cohort, **more: object) -> TrainingRun:
    return training.request_training(cohort=cohort.pk, kinds=[ModelKind.DETECTOR], **more)[0]


def claim(host: str = "alpha", *devices: str) -> TrainingRun | None:
    return supervision.claim(host=host, devices=devices or ["cpu:0"])


def silence(run: TrainingRun, seconds: int = 61) -> None:
    TrainingRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=seconds))


def tell(run: TrainingRun, step: int) -> None:
    told = {"step": step, "total": 10, "values": {"loss": 0.5}, "message": f"step {step} of 10"}
    assert supervision.beat(run=run.pk, attempt=run.attempt, progress=told)


def lose(run: TrainingRun) -> JobState | None:
    return supervision.interrupt(run=run.pk, attempt=run.attempt, why="It was killed.")


def test_a_device_trains_one_at_a_time_and_what_came_first_goes_first(curated):
    first, second = request(curated), request(curated)
    assert claim() == first
    assert claim() is None
    second.refresh_from_db()
    assert second.state == JobState.QUEUED
    supervision.cancel(run=first.pk)
    assert claim() == second


def test_several_devices_and_hosts_train_at_once(curated):
    runs = [request(curated) for _ in range(4)]
    assert [claim("alpha", "cuda:0", "cuda:1") for _ in range(3)] == [*runs[:2], None]
    assert claim("beta", "cuda:0") == runs[2]
    held = DeviceLease.objects.values_list("host__name", "device", "run")
    assert set(held) == {
        ("alpha", "cuda:0", runs[0].pk),
        ("alpha", "cuda:1", runs[1].pk),
        ("beta", "cuda:0", runs[2].pk),
    }


def test_the_database_gives_no_device_to_two(curated):
    run, other = request(curated), request(curated)
    claim()
    host = TrainingHost.objects.get(name="alpha")
    with pytest.raises(IntegrityError), transaction.atomic():
        DeviceLease.objects.create(host=host, device="cpu:0", run=other)
    assert run.leases.count() == 1


def test_a_training_on_two_devices_is_not_overtaken_by_small_ones(curated):
    small, large, later = request(curated), request(curated, devices=2), request(curated)
    devices = ("cuda:0", "cuda:1")
    assert claim("alpha", *devices) == small
    assert claim("alpha", *devices) is None
    assert claim("beta", "cuda:0") == later  # which has no two, so it waits for nothing there
    supervision.cancel(run=small.pk)
    assert claim("alpha", *devices) == large
    assert large.leases.count() == 2


def test_a_host_that_has_too_few_devices_is_still_heard_of(curated):
    request(curated, devices=2)
    assert claim("alpha", "cuda:0") is None
    assert TrainingHost.objects.get().devices == ["cuda:0"]


def test_a_heartbeat_carries_the_progress_and_hears_of_a_cancel(curated):
    run = request(curated)
    claimed = claim()
    tell(claimed, 3)
    run.refresh_from_db()
    assert (run.step, run.total, run.values, run.message) == (3, 10, {"loss": 0.5}, "step 3 of 10")
    supervision.cancel(run=run.pk)
    assert not supervision.beat(run=run.pk, attempt=claimed.attempt)


def test_a_run_whose_heart_stopped_waits_to_go_on_and_its_device_is_free(curated, sent):
    request(curated)
    run = claim()
    assert supervision.interrupt_silent() == []
    silence(run)
    assert supervision.interrupt_silent() == [run.pk]
    run.refresh_from_db()
    assert (run.state, run.leases.count()) == (JobState.QUEUED, 0)
    again = claim()
    assert (again, again.attempt) == (run, 2)


def test_a_supervisor_that_was_given_up_for_dead_writes_nothing_any_more(curated, tmp_path):
    request(curated)
    late = claim()
    silence(late)
    supervision.interrupt_silent()
    now = claim()
    assert not supervision.beat(run=late.pk, attempt=late.attempt)
    supervision.fail(run=late.pk, attempt=late.attempt, code="late", message="Too late.")
    weights = weights_file(tmp_path / "w.safetensors")
    assert supervision.succeed(run=late.pk, attempt=late.attempt, weights=weights, result={}) is None
    assert lose(late) is None
    now.refresh_from_db()
    assert (now.state, now.attempt, now.error) == (JobState.RUNNING, 2, None)


def test_three_interruptions_in_vain_end_a_run_by_name(curated):
    run = request(curated)
    assert [lose(claim()) for _ in range(3)] == [JobState.QUEUED, JobState.QUEUED, JobState.FAILED]
    run.refresh_from_db()
    assert run.error["code"] == "interrupted"
    assert "It was killed." in run.error["message"]


def test_a_run_that_gets_further_each_time_is_never_given_up(curated):
    run = request(curated)
    for step in range(1, 6):
        claimed = claim()
        tell(claimed, step)
        assert lose(claimed) == JobState.QUEUED
    # It then falls at the same step each time.
    assert [lose(claim()) for _ in range(2)] == [JobState.QUEUED, JobState.FAILED]
    run.refresh_from_db()
    assert run.state == JobState.FAILED


def test_a_person_lets_a_failed_or_cancelled_run_go_on(curated, sent, django_capture_on_commit_callbacks):
    run = request(curated)
    claimed = claim()
    with pytest.raises(InvalidTransition, match="is running"):
        supervision.resume(run=run.pk)
    supervision.fail(run=run.pk, attempt=claimed.attempt, code="x", message="It broke.")
    with django_capture_on_commit_callbacks(execute=True):
        supervision.resume(run=run.pk)
    assert sent == ["take_training"]
    run.refresh_from_db()
    assert (run.state, run.error, run.finished_at) == (JobState.QUEUED, None, None)
    supervision.cancel(run=run.pk)
    supervision.resume(run=run.pk)
    assert claim() == run


def test_what_has_ended_stays_as_it_ended(curated, tmp_path):
    run = request(curated)
    claimed = claim()
    supervision.cancel(run=run.pk)
    supervision.fail(run=run.pk, attempt=claimed.attempt, code="late", message="Too late.")
    run.refresh_from_db()
    assert (run.state, run.error) == (JobState.CANCELLED, None)
    with pytest.raises(InvalidTransition):
        supervision.cancel(run=run.pk)


def test_hosts_are_asked_once_for_each_that_waits_and_each_that_is_known(
    curated, sent, django_capture_on_commit_callbacks
):
    def asked() -> int:
        sent.clear()
        with django_capture_on_commit_callbacks(execute=True):
            supervision.ask_hosts()
        return len(sent)

    assert asked() == 1
    for _ in range(3):
        request(curated)
    assert asked() == 3
    TrainingRun.objects.all().delete()
    claim("alpha")
    claim("beta")
    assert asked() == 2


def test_what_a_run_could_go_on_from_is_forgotten_after_a_week(curated):
    run = request(curated)
    claim()
    supervision.cancel(run=run.pk)
    assert supervision.forget_old_leftovers() == []
    TrainingRun.objects.update(finished_at=timezone.now() - timedelta(days=8))
    assert supervision.forget_old_leftovers() == [run.pk]
    assert supervision.forget_old_leftovers() == []


def test_success_makes_a_version_that_says_where_it_comes_from(curated, tmp_path):
    promoted = make_version(plan={"size": "tiny"})
    run = request(curated, size="tiny", overrides={"steps": 5})
    claimed = claim()
    made = supervision.succeed(
        run=run.pk,
        attempt=claimed.attempt,
        weights=weights_file(tmp_path / "w.safetensors"),
        result={"metrics": {"train_studies": 1}, "seed": 7, "cases_sha256": "c"},
    )
    run.refresh_from_db()
    assert (run.state, run.result, run.leases.count()) == (JobState.SUCCEEDED, made, 0)
    assert (made.name, made.promoted, made.parent, made.release) == (
        "detector-v2",
        False,
        promoted,
        run.release,
    )
    assert made.provenance["manifest_sha256"] == run.release.manifest_sha256
    assert made.provenance["initial_version"] == promoted.name
