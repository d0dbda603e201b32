"""A training as it really goes: a task, a supervisor process, a training process, a model version."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.db import connection

from harvest import engine_training, store
from harvest.domain import ENDED, JobState, LiverSource, ModelKind, Split
from harvest.engine import liver_finder
from harvest.engine_training import Training
from harvest.models import TrainingRun
from harvest.selectors.versions import promoted
from harvest.services import supervision, training
from harvest.tasks.training import take_training
from tests.harvest.curated import make_study, mark_lesion

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(cohort, monkeypatch) -> TrainingRun:
    monkeypatch.setattr("harvest.queue.send", lambda *message: None)
    for split in (Split.POOL, Split.POOL, Split.GOLD):
        mark_lesion(make_study(cohort, split=split, volumes=True))
    (made,) = training.request_training(
        cohort=cohort.pk, kinds=[ModelKind.DETECTOR], size="tiny", overrides={"steps": 5, "batch": 2}
    )
    return made


def supervise(run: TrainingRun, *devices: str) -> TrainingRun:
    """The supervisor in this process."""
    TrainingRun.objects.exclude(pk=run.pk).delete()
    claimed = supervision.claim(host="alpha", devices=devices or ["cpu:0"])
    assert claimed == run
    call_command("supervise_training", str(run.pk), str(claimed.attempt), "--json")
    run.refresh_from_db()
    return run


def test_a_task_starts_a_supervisor_whose_training_becomes_a_model_version(run, monkeypatch):
    known = connection.settings_dict
    url = f"postgresql://{quote(known['USER'])}@/{known['NAME']}?host={quote(known['HOST'], safe='')}"
    monkeypatch.setitem(os.environ, "HARVEST_DATABASE_URL", url)
    take_training()
    until = time.monotonic() + 240
    while run.state not in ENDED and time.monotonic() < until:
        time.sleep(0.5)
        run.refresh_from_db()
    assert (run.state, run.error) == (JobState.SUCCEEDED, None)
    made = run.result
    assert (made.name, made.promoted, made.plan["size"], made.plan["steps"]) == (
        "detector-v1",
        True,
        "tiny",
        5,
    )
    assert made.metrics["train_studies"] == 2
    assert made.metrics["p1td_10"].keys() >= {"value", "lo", "hi", "n"}
    assert made.provenance["manifest_sha256"] == run.release.manifest_sha256
    assert store.path(made.store_key).is_file()
    assert (run.step, run.total) == (5, 5)
    assert engine_training.curve(run.pk)[-1]["step"] == 5
    take_training()  # delivered twice
    run.refresh_from_db()
    assert run.result == made


def test_a_liver_network_learned_from_supplied_masks_is_what_the_next_preparation_asks(cohort, run, settings):
    settings.LIVER = "network"
    for split in (Split.POOL, Split.GOLD):
        study = make_study(cohort, split=split, complete=True, volumes=True)
        study.liver_source = LiverSource.SUPPLIED
        study.save()
    asked = {"size": "tiny", "overrides": {"steps": 2}}
    (liver,) = training.request_training(cohort=cohort.pk, kinds=[ModelKind.LIVER_SEGMENTER], **asked)
    made = supervise(liver).result
    assert (made.name, made.promoted, made.registry_name) == ("liver_segmenter-v1", True, "liver-unet")
    assert (made.metrics["train_studies"], made.metrics["studies"]) == (1, 1)
    assert made.metrics["dice"].keys() >= {"value", "lo", "hi", "n"}
    finder = liver_finder(promoted(ModelKind.LIVER_SEGMENTER))
    assert (finder.method, finder.weights) == ("network", store.path(made.store_key))


def test_a_training_that_cannot_go_on_says_why(run):
    TrainingRun.objects.filter(pk=run.pk).update(overrides={"no_such_setting": 1})
    run.refresh_from_db()
    failed = supervise(run)
    assert failed.state == JobState.FAILED
    assert "no_such_setting" in failed.error["message"]
    assert not any(str(store.root()) in line for line in failed.error["details"]["lines"])


def test_a_training_on_two_devices_is_two_processes_of_torchrun(run):
    TrainingRun.objects.filter(pk=run.pk).update(devices=2)
    done = supervise(run, "cpu:0", "cpu:1")
    assert (done.state, done.error) == (JobState.SUCCEEDED, None)
    assert done.result.provenance["environment"]["processes"] == "2"


def test_a_training_whose_process_is_killed_waits_to_go_on(run, monkeypatch):
    def start(process: Training, *args: object, **kwargs: object) -> None:
        process._child = subprocess.Popen(["sh", "-c", "kill -9 $$"])

    monkeypatch.setattr(Training, "start", start)
    waiting = supervise(run)
    assert (waiting.state, waiting.leases.count()) == (JobState.QUEUED, 0)
    assert "SIGKILL" in waiting.message


def test_a_training_that_harvest_s_end_interrupts_waits_to_go_on(run, monkeypatch):
    def start(process: Training, *args: object, **kwargs: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Training, "start", start)
    waiting = supervise(run)
    assert (waiting.state, waiting.leases.count()) == (JobState.QUEUED, 0)
    assert "Harvest was stopped" in waiting.message


def test_a_cancelled_training_s_process_is_ended(run, monkeypatch):
    started: list[subprocess.Popen[bytes]] = []

    def start(process: Training, *args: object, **kwargs: object) -> None:
        process._child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
        started.append(process._child)
        supervision.cancel(run=run.pk)

    monkeypatch.setattr(Training, "start", start)
    monkeypatch.setattr("harvest.management.commands.supervise_training.BEAT_SECONDS", 0.05)
    assert supervise(run).state == JobState.CANCELLED
    assert started[0].poll() is not None


def test_a_run_that_is_not_running_is_left_alone(run):
    call_command("supervise_training", str(run.pk), "1", "--json")
    run.refresh_from_db()
    assert run.state == JobState.QUEUED
