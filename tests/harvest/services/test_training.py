from __future__ import annotations

import pytest
from django.utils import timezone

from harvest import queue
from harvest.domain import JobState, LiverSource, ModelKind, Split
from harvest.errors import Conflict, HarvestError
from harvest.models import TrainingHost, TrainingRun
from harvest.services import training
from tests.harvest.curated import make_study, make_version, mark_lesion

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


def test_a_training_is_queued_on_a_frozen_release_and_sent_after_commit(
    curated, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        (run,) = request(curated, overrides={"steps": 5})
        assert sent == []
    assert (run.state, run.release.number) == (JobState.QUEUED, 1)
    assert sent == [("take_training", [])]


def test_it_starts_from_the_promoted_version_of_the_same_size(curated):
    promoted = make_version(plan={"size": "small"})
    assert request(curated, size="small")[0].initial_version == promoted
    assert request(curated, size="tiny")[0].initial_version is None


def test_nothing_to_learn_from_is_said_before_anything_starts(cohort):
    mark_lesion(make_study(cohort, split=Split.GOLD))
    with pytest.raises(Conflict, match="No study of the pool has a lesion"):
        request(cohort)
    assert not TrainingRun.objects.exists()


def test_more_devices_than_any_host_has_are_refused_at_once(curated):
    assert request(curated, devices=4)[0].devices == 4  # no host was heard of yet
    TrainingHost.objects.create(name="gpu1", devices=["cuda:0", "cuda:1"], seen_at=timezone.now())
    assert request(curated, devices=2)[0].devices == 2
    with pytest.raises(Conflict, match="the largest has 2"):
        request(curated, devices=3)


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
