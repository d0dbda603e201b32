"""What a round's arms brought, from reviewed studies alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from harvest.domain import Role, Strategy, Verdict
from harvest.models import HarvestRound, RoundStudy
from harvest.selectors.arms import arms_of_round
from harvest.services.leases import hand_out
from harvest.services.reviews import complete_study, record_review
from tests.harvest.fixtures import Clock


def read(row: RoundStudy, reader: User, verdict: Verdict, clock: Clock) -> None:
    """Two candidates a study, 3 s each, and 4 s before it is done: 10 s a study."""
    for candidate in row.candidates.all():
        clock.tick(3)
        record_review(
            id=uuid.uuid4(),
            round_study_id=row.pk,
            reader=reader,
            verdict=verdict,
            candidate_id=candidate.pk,
        )
    clock.tick(4)
    complete_study(round_study_id=row.pk, reader=reader)


def test_a_round_has_its_strategy_and_a_random_arm_of_its_share(ready_round: HarvestRound) -> None:
    assert ready_round.strategy == Strategy.SCORE
    arms = arms_of_round(ready_round)
    assert [(a.arm, a.studies, a.reviewed) for a in arms] == [(Strategy.SCORE, 2, 0), (Strategy.RANDOM, 1, 0)]
    assert all(e == {"value": None, "lo": None, "hi": None, "n": 0} for e in arms[0].figures.values())


def test_figures_are_of_what_was_reviewed_in_each_arm(
    ready_round: HarvestRound, user_of: Callable[[Role], User], clock: Clock
) -> None:
    reader = user_of(Role.CLINICIAN)
    chosen = list(ready_round.studies.filter(arm=Strategy.SCORE).order_by("pk"))
    hand_out(parent=ready_round, reader=reader)
    read(chosen[0], reader, Verdict.PRIMARY_LESION, clock)
    read(chosen[1], reader, Verdict.NOT_A_LESION, clock)
    scored, drawn = arms_of_round(ready_round)
    assert (scored.reviewed, drawn.reviewed) == (2, 0)
    value = {name: e["value"] for name, e in scored.figures.items()}
    assert value == {
        "with_lesion": 0.5,
        "lesions_a_study": 1.0,
        "seconds_a_study": 10.0,
        "lesions_a_minute": pytest.approx(6.0),
    }
    share = scored.figures["with_lesion"]
    assert (share["lo"], share["hi"]) == pytest.approx((0.0945, 0.9055), abs=1e-3)
    assert drawn.figures["with_lesion"]["value"] is None


def test_the_random_arm_is_shown_beside_the_strategy(
    ready_round: HarvestRound, user_of: Callable[[Role], User]
) -> None:
    handed = hand_out(parent=ready_round, reader=user_of(Role.CLINICIAN), ahead=2)
    arms = RoundStudy.objects.filter(pk__in=[handed.now, *handed.ahead]).values_list("arm", flat=True)
    assert sorted(arms) == ["random", "score", "score"]
