"""The preview of a promotion: a round of the new detector whose queue holds only what changes."""

from __future__ import annotations

import pytest

from harvest.domain import JobState, ModelKind
from harvest.errors import Conflict
from harvest.models import Cohort, HarvestRound, ModelVersion, Reading
from harvest.preview import Change
from harvest.selectors.rounds import counted, differing, previews
from harvest.services.previews import create_preview
from harvest.services.rounds import create_round
from tests.harvest.curated import mark_lesion
from tests.harvest.fixtures import BOXES, Work, make_study, make_version

pytestmark = pytest.mark.django_db


def other(boxes: list) -> ModelVersion:
    """Another detector, which is not in use."""
    return make_version(ModelKind.DETECTOR, boxes, number=2, promoted=False)


@pytest.fixture
def harvested(cohort: Cohort, detector: ModelVersion, work: Work) -> Cohort:
    """Two studies that the detector in use proposed two boxes each in; the first box of one is a lesion."""
    studies = [make_study(cohort) for _ in range(2)]
    with work():
        create_round(cohort=cohort, scratch_share=0, hidden_share=0)
    first = HarvestRound.objects.get().studies.get(study=studies[0]).candidates.get(rank=1)
    mark_lesion(studies[0], first.box)
    return cohort


def preview(cohort: Cohort, version: ModelVersion, work: Work) -> HarvestRound:
    with work():
        made = create_preview(version_id=version.pk, cohort=cohort)
    made.refresh_from_db()
    return made


def test_a_detector_that_proposes_the_same_leaves_nothing_to_read(harvested, work):
    made = preview(harvested, other(BOXES), work)
    assert (made.state, made.total, made.reviewable, made.readings) == (JobState.SUCCEEDED, 2, 0, 0)
    assert differing(made.pk) == []
    assert counted(made.pk)["reviewable"] == 0


def test_only_what_changes_is_read_and_the_worst_first(harvested, work):
    made = preview(harvested, other(BOXES[1:]), work)
    found = differing(made.pk)
    assert [one["changes"][0] for one in found] == [Change.LOSES_LESION, Change.OTHER_BEST]
    assert (made.reviewable, made.readings) == (2, 2)
    queue = Reading.objects.filter(round=made).order_by("-priority")
    assert [r.round_study_id for r in queue] == [one["round_study"] for one in found]
    assert list(previews(made.model_version_id)) == [made]


def test_what_cannot_be_previewed_is_said(cohort, detector, work):
    with pytest.raises(Conflict, match="not in use"):
        create_preview(version_id=detector.pk, cohort=cohort)
    with pytest.raises(Conflict, match="has proposed nothing in cohort"):
        create_preview(version_id=other(BOXES).pk, cohort=cohort)
