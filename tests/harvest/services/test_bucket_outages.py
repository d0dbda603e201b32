"""What workers do while the bucket is away, and what another host finds in it."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from harvest import queue, store
from harvest.domain import JobState
from harvest.errors import StoreUnreachable
from harvest.management.commands import supervise_training
from harvest.models import Cohort, ModelVersion, ReleaseExport
from harvest.services import exports
from harvest.services.releases import ensure_release
from harvest.services.round_runs import run_round_study
from harvest.services.rounds import create_round
from tests.harvest import curated
from tests.harvest.buckets import Bucket
from tests.harvest.fixtures import Work, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(bucket: Bucket, cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> ReleaseExport:
    """An export that waits for its worker."""
    monkeypatch.setattr(queue, "enqueue", lambda *message, queue: None)
    curated.mark_lesion(curated.make_study(cohort))
    return exports.request_export(release=ensure_release(cohort=cohort.pk), format="csv")


def made(row: ReleaseExport) -> ReleaseExport:
    exports.make_export(export_id=row.pk)
    row.refresh_from_db()
    return row


def test_an_export_waits_for_the_bucket_and_is_found_by_another_host(
    asked: ReleaseExport, bucket: Bucket, settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bucket.down():
        assert made(asked).state == JobState.RUNNING
    sent: list[UUID] = []
    monkeypatch.setattr(queue, "enqueue", lambda name, id, queue: sent.append(id))
    exports.resend_lost_exports()
    assert sent == [asked.pk]
    assert made(asked).state == JobState.SUCCEEDED
    settings.STORE_DIR = tmp_path / "other" / "store"
    again = exports.request_export(release=asked.release, format="csv")
    assert again.state == JobState.SUCCEEDED
    assert store.digest(store.path(again.store_key)) == asked.sha256


def test_an_export_whose_bucket_stays_away_fails_by_its_name(asked: ReleaseExport, bucket: Bucket) -> None:
    with bucket.down():
        states = [made(asked).state for _ in range(3)]
    assert states == [JobState.RUNNING, JobState.RUNNING, JobState.FAILED]
    assert asked.error["code"] == "bucket_unreachable"
    assert "cannot be reached" in asked.error["message"]


def test_a_round_s_study_waits_for_weights_that_only_the_bucket_has(
    bucket: Bucket, cohort: Cohort, detector: ModelVersion, work: Work
) -> None:
    make_study(cohort)
    (store.root() / detector.store_key).unlink()
    with bucket.down(), work():
        row = create_round(cohort=cohort).studies.get()
    row.refresh_from_db()
    assert (row.state, row.tries, row.error) == (JobState.RUNNING, 1, None)
    run_round_study(round_study_id=row.pk)
    row.refresh_from_db()
    assert row.state == JobState.SUCCEEDED
    assert store.digest(store.root() / detector.store_key) == detector.weights_sha256


def test_a_training_waits_for_the_bucket_and_is_heard_of_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise_training, "BEAT_SECONDS", 0)
    heard: list[int] = []

    def ask() -> str:
        if len(heard) < 3:
            raise StoreUnreachable("The S3 bucket cannot be reached.")
        return "weights"

    assert supervise_training._patiently(ask, lambda: heard.append(1)) == "weights"
    heard.clear()
    monkeypatch.setattr(supervise_training, "PATIENCE_SECONDS", -1)
    with pytest.raises(StoreUnreachable):
        supervise_training._patiently(ask, lambda: heard.append(1))
