"""The counts of a round are a projection: counted anew, they are the same."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from harvest.domain import Role, Verdict
from harvest.models import Cohort, HarvestRound, ModelVersion
from harvest.services.reviews import complete_study, record_review
from harvest.services.round_counts import recount
from harvest.services.round_runs import run_round_study
from harvest.services.rounds import cancel_round, create_round
from tests.harvest.fixtures import make_study

NAMES = ("total", "done", "failed", "reviewable", "reviewed", "readings", "readings_done", "candidate_count")


def stored(row: HarvestRound) -> dict[str, int]:
    row.refresh_from_db()
    return {name: getattr(row, name) for name in NAMES}


def test_after_a_round_and_a_review(ready_round: HarvestRound, user_of: Callable[[Role], User]) -> None:
    reader = user_of(Role.CLINICIAN)
    row = ready_round.studies.first()
    assert row is not None
    record_review(
        id=uuid.uuid4(),
        round_study_id=row.pk,
        reader=reader,
        verdict=Verdict.NO_LESION,
        candidate_id=None,
    )
    for _ in range(2):
        complete_study(round_study_id=row.pk, reader=reader)
    kept = stored(ready_round)
    assert kept == {
        "total": 3, "done": 3, "failed": 0, "reviewable": 3, "reviewed": 1,
        "readings": 3, "readings_done": 1, "candidate_count": 6,
    }  # fmt: skip
    assert recount(round_id=ready_round.pk) == kept == stored(ready_round)


def test_after_a_cancelled_round_with_a_failure(
    cohort: Cohort, detector: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        make_study(cohort)
    made = create_round(cohort=cohort)
    first, second, _, last = made.studies.order_by("study__ordinal")
    run_round_study(round_study_id=first.pk)
    with monkeypatch.context() as broken:
        broken.setattr("harvest.engine.study_images", lambda study: 1 / 0)
        run_round_study(round_study_id=second.pk)
    cancel_round(round_id=made.pk)
    run_round_study(round_study_id=last.pk)
    kept = stored(made)
    assert (kept["done"], kept["failed"], kept["reviewable"]) == (4, 1, 1)
    assert recount(round_id=made.pk) == kept
