from __future__ import annotations

import json

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from harvest.api import events
from harvest.domain import JobState, ModelKind, Role
from harvest.models import TrainingRun
from harvest.services import supervision
from tests.harvest.buckets import Bucket
from tests.harvest.curated import make_study, mark_lesion

pytestmark = pytest.mark.django_db


def test_a_monitor_hears_how_things_stand_and_nothing_of_any_study(client_of, cohort):
    study = make_study(cohort)
    mark_lesion(study)
    TrainingRun.objects.create(cohort=cohort, kind=ModelKind.DETECTOR)
    supervision.claim(host="alpha", devices=["cpu:0", "cpu:1"])
    answer = client_of(Role.ML_ENGINEER).get("/api/v1/metrics")
    assert answer["Content-Type"].startswith("text/plain")
    text = answer.content.decode()
    told = {
        (s.name, *s.labels.values()): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }
    assert told["harvest_trainings", "running"] == 1
    assert told["harvest_studies", "ready"] == 1
    assert told["harvest_lesions",] == 1
    assert told["harvest_training_devices", "alpha"] == 2
    assert told["harvest_training_devices_leased", "alpha"] == 1
    assert told["harvest_training_silence_seconds", "detector"] < 60
    assert told["harvest_disk_free_bytes",] > 0
    assert str(study.pk) not in text
    assert cohort.name not in text


def test_requests_are_timed_by_the_name_of_their_route(client_of, cohort):
    client = client_of(Role.ML_ENGINEER)
    client.get(f"/api/v1/cohorts/{cohort.pk}")
    text = client.get("/api/v1/metrics").content.decode()
    assert 'harvest_request_seconds_count{method="GET",route="cohort",status="200"}' in text
    assert str(cohort.pk) not in text


def test_health_needs_no_login_and_says_which_part_fails(monkeypatch):
    monkeypatch.setattr("harvest.queue.waiting", lambda queue: 0)
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "broker": "ok", "store": "ok"})
    monkeypatch.setattr("harvest.queue.waiting", lambda queue: None)
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()["broker"]) == (503, "unreachable")
    assert Client().get("/health/live").content == b"ok"


def test_health_looks_at_the_bucket_where_there_is_one(bucket: Bucket, monkeypatch):
    monkeypatch.setattr("harvest.queue.waiting", lambda queue: 0)
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()["bucket"]) == (200, "ok")
    with bucket.down():
        answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()["bucket"]) == (503, "unreachable")
    bucket.drop()
    assert Client().get("/health/ready").json()["bucket"] == "missing"


def test_a_run_s_events_tell_each_change_until_it_ends(client_of, cohort, monkeypatch):
    monkeypatch.setattr(events, "LOOK_SECONDS", 0)
    run = TrainingRun.objects.create(cohort=cohort, kind=ModelKind.DETECTOR)
    answer = client_of(Role.CLINICIAN).get(
        f"/api/v1/training-runs/{run.pk}/events", HTTP_ACCEPT="text/event-stream"
    )
    assert answer["Content-Type"] == "text/event-stream"
    stream = iter(answer.streaming_content)
    assert next(stream).startswith(b"retry:")
    assert json.loads(next(stream).removeprefix(b"data: "))["state"] == "queued"
    supervision.cancel(run=run.pk)
    assert json.loads(next(stream).removeprefix(b"data: "))["state"] == JobState.CANCELLED
    assert list(stream) == []
