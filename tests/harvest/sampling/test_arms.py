"""The random arm of a round."""

from __future__ import annotations

import statistics

from hypothesis import given, settings
from hypothesis import strategies as st

from harvest.sampling.arms import chance, random_arm


@settings(max_examples=50, deadline=None)
@given(st.sets(st.text(max_size=6), max_size=80), st.floats(0, 1), st.text(max_size=3))
def test_as_many_studies_are_drawn_as_the_share_says(ids: set[str], share: float, seed: str) -> None:
    drawn = random_arm(ids, share=share, seed=seed)
    assert drawn <= ids
    least = 1 if share > 0 and len(ids) > 1 else 0
    assert len(drawn) == (max(least, round(share * len(ids))) if len(ids) > 1 else 0)


def test_the_draw_repeats_whatever_the_order_and_differs_by_round() -> None:
    ids = [str(i) for i in range(200)]
    one, again, other = (
        random_arm(order, share=0.2, seed=seed) for order, seed in ((ids, "a"), (ids[::-1], "a"), (ids, "b"))
    )
    assert one == again != other


def test_chances_are_uniform() -> None:
    drawn = [chance(str(i), "round") for i in range(4000)]
    assert 0 < min(drawn) < max(drawn) < 1
    assert abs(statistics.mean(drawn) - 0.5) < 0.02
    assert abs(statistics.pstdev(drawn) - 12**-0.5) < 0.02
