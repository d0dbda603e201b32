"""What each strategy puts first."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest.domain import Strategy
from harvest.sampling.arms import chance
from harvest.sampling.priority import BACKGROUND_WEIGHT, TOP, Seen, disagreement, priority_of

seen = st.lists(st.floats(0, 1).map(Seen), max_size=15)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(Strategy)), seen, st.floats(1e-9, 1 - 1e-9))
def test_every_strategy_gives_every_study_a_number(strategy: Strategy, given: list[Seen], at: float) -> None:
    assert math.isfinite(priority_of(strategy, given, phases=3, chance=at))


def test_score_goes_from_sure_to_empty() -> None:
    order = [[Seen(0.9), Seen(0.1)], [Seen(0.5)], []]
    given = [priority_of(Strategy.SCORE, s, phases=1, chance=0.5) for s in order]
    assert given == sorted(given, reverse=True)


def test_uncertainty_prefers_what_may_go_either_way_and_counts_ten_candidates() -> None:
    def at(*scores: float) -> float:
        return priority_of(Strategy.UNCERTAINTY, [Seen(s) for s in scores], phases=1, chance=0.5)

    assert at(0.5) > at(0.95) > at()
    assert at(*[0.5] * TOP) > at(0.5)
    assert at(*[0.5] * TOP, *[0.4] * 5) == at(*[0.5] * TOP)


def test_uncertainty_draws_studies_in_proportion_to_their_entropy() -> None:
    """Power noise: of two studies one with three times the entropy comes first three times out of four."""
    many = [Seen(0.5)] * 3
    wins = 0
    for i in range(4000):
        one, other = (
            priority_of(Strategy.UNCERTAINTY, s, phases=1, chance=chance(f"{i}", seed))
            for s, seed in ((many, "a"), (many[:1], "b"))
        )
        wins += one > other
    assert wins / 4000 == pytest.approx(0.75, abs=0.025)


def test_foreground_draws_at_random_with_candidates_first_ten_times_out_of_eleven() -> None:
    wins = 0
    for i in range(4000):
        found, empty = (
            priority_of(Strategy.FOREGROUND, s, phases=1, chance=chance(f"{i}", seed))
            for s, seed in (([Seen(0.3)], "a"), ([], "b"))
        )
        wins += found > empty
    assert wins / 4000 == pytest.approx(1 / (1 + BACKGROUND_WEIGHT), abs=0.02)


def test_disagreement_is_of_phases_that_see_different_things() -> None:
    one_sees = Seen(0.8, {"arterial": 0.8})
    all_see = Seen(0.8, {"arterial": 0.8, "portal_venous": 0.8})
    order = [priority_of(Strategy.DISAGREEMENT, [s], phases=2, chance=0.5) for s in (one_sees, all_see)]
    assert order == [0.4, 0.0]
    assert disagreement({}, 3) == 0.0
