"""The order of review: best score first, one place in ten by chance."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from harvest.sampling.order import Strategy, Waiting, review_order

scores = st.lists(st.none() | st.floats(0, 1), max_size=60)
seeds = st.integers(0, 9).map(str)


@settings(max_examples=50, deadline=None)
@given(scores, seeds)
def test_every_study_has_one_place(given_scores: list[float | None], seed: str) -> None:
    studies = [Waiting(str(i), s) for i, s in enumerate(given_scores)]
    places = review_order(studies, seed)
    assert sorted(p.id for p in places) == sorted(s.id for s in studies)
    assert [p.position for p in places] == list(range(1, len(studies) + 1))


@settings(max_examples=50, deadline=None)
@given(scores, seeds)
def test_the_scored_arm_goes_from_sure_to_none(given_scores: list[float | None], seed: str) -> None:
    studies = {str(i): s for i, s in enumerate(given_scores)}
    places = review_order([Waiting(i, s) for i, s in studies.items()], seed)
    shown = [studies[p.id] for p in places if p.strategy is Strategy.SCORE]
    keys = [-1.0 if s is None else s for s in shown]
    assert keys == sorted(keys, reverse=True)
    assert len(places) - len(shown) == len(places) // 10


def test_the_random_arm_takes_every_tenth_place_and_depends_on_the_round() -> None:
    studies = [Waiting(str(i), i / 100) for i in range(100)]
    first, second = review_order(studies, "a"), review_order(studies, "b")
    drawn = [[p.id for p in places if p.strategy is Strategy.RANDOM] for places in (first, second)]
    assert [p.position for p in first if p.strategy is Strategy.RANDOM] == list(range(10, 101, 10))
    assert drawn[0] != drawn[1]
    assert review_order(list(reversed(studies)), "a") == first
