"""Kappa: the textbook's values, where it is not defined, and what resampling by study does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import ShapeError
from harvest.agreement.kappa import Agreement, Rated, tally
from harvest.agreement.kappa import cohen as cohen_of
from harvest.agreement.kappa import fleiss as fleiss_of

# Fleiss 1971 as it is often quoted: ten things, fourteen readers, five categories, kappa 0.210.
QUOTED = """0 0 0 0 14 / 0 2 6 4 2 / 0 0 3 5 6 / 0 3 9 2 0 / 2 2 8 1 1
            7 7 0 0 0 / 3 2 6 3 0 / 2 5 3 2 2 / 6 5 2 1 0 / 0 2 2 3 7"""


def cohen(rated: list[Rated], categories: list[str]) -> Agreement:
    return cohen_of(tally(rated, categories))


def fleiss(rated: list[Rated], categories: list[str]) -> Agreement:
    return fleiss_of(tally(rated, categories))


def pairs(*counted: tuple[str, str, int]) -> list[Rated]:
    said = [(a, b) for a, b, n in counted for _ in range(n)]
    return [Rated(f"study {i}", pair) for i, pair in enumerate(said)]


def test_cohen_s_kappa_of_two_readers_of_fifty_things() -> None:
    # Agreement 35 of 50, by chance (25 x 30 + 25 x 20) / 2500 = 0.5: kappa 0.4.
    found = cohen(pairs(("y", "y", 20), ("y", "n", 5), ("n", "y", 10), ("n", "n", 15)), ["y", "n"])
    assert (found.items, found.studies) == (50, 50)
    assert found.kappa["value"] == pytest.approx(0.4)
    assert found.agreement.estimate["value"] == pytest.approx(0.7)
    assert found.of_category["y"].estimate["value"] == pytest.approx(2 * 20 / (2 * 20 + 15))
    assert found.of_category["n"].estimate["value"] == pytest.approx(2 * 15 / (2 * 15 + 15))
    # The standard error of this table is 0.127 (Fleiss, Cohen and Everitt 1969): 0.15 to 0.65.
    assert (found.kappa["lo"], found.kappa["hi"]) == pytest.approx((0.15, 0.65), abs=0.03)


def test_fleiss_s_kappa_of_ten_things() -> None:
    table = [[int(n) for n in row.split()] for line in QUOTED.splitlines() for row in line.split("/")]
    rated = [
        Rated(f"study {i}", tuple(c for c, n in zip("abcde", row, strict=True) for _ in range(n)))
        for i, row in enumerate(table)
    ]
    found = fleiss(rated, [*"abcde"])
    assert found.kappa["value"] == pytest.approx(0.210, abs=5e-4)
    assert found.agreement.estimate["value"] == pytest.approx(0.378, abs=5e-4)


def test_a_thing_read_by_three_counts_beside_things_read_by_two() -> None:
    found = fleiss([Rated("1", ("y", "y", "n")), Rated("2", ("n", "n"))], ["y", "n"])
    # Pairs agree in (1/3 + 1) / 2; of five verdicts two are y: chance 0.52.
    assert found.agreement.estimate["value"] == pytest.approx(2 / 3)
    assert found.kappa["value"] == pytest.approx((2 / 3 - 0.52) / 0.48)


def test_kappa_is_not_defined_where_one_verdict_is_all_there_is() -> None:
    found = cohen(pairs(("n", "n", 30)), ["y", "n"])
    assert found.kappa == {"value": None, "lo": None, "hi": None, "n": 30}
    assert found.agreement.estimate["value"] == 1.0
    assert found.of_category["y"].estimate["value"] is None


def test_nothing_rated_gives_nulls() -> None:
    for found in (cohen([], ["y", "n"]), fleiss([], ["y", "n"])):
        assert (found.items, found.kappa["value"], found.agreement.estimate["value"]) == (0, None, None)


def test_one_study_has_no_interval() -> None:
    found = cohen([Rated("s", ("y", "y")), Rated("s", ("n", "n"))], ["y", "n"])
    assert (found.kappa["value"], found.kappa["lo"], found.kappa["hi"]) == (1.0, None, None)


def test_few_studies_that_all_agree_prove_little() -> None:
    few, many = (cohen(pairs(("y", "y", n), ("n", "n", n)), ["y", "n"]).kappa for n in (3, 60))
    assert few["value"] == many["value"] == few["hi"] == 1.0
    assert few["lo"] < 0.3 < 0.9 < many["lo"]


def test_things_of_one_study_are_resampled_together() -> None:
    single = pairs(("y", "y", 40), ("y", "n", 20), ("n", "n", 40))
    clustered = [Rated(f"study {i // 10}", item.verdicts) for i, item in enumerate(single)]
    one, other = cohen(single, ["y", "n"]).kappa, cohen(clustered, ["y", "n"]).kappa
    assert one["value"] == other["value"]
    assert other["hi"] - other["lo"] > 2 * (one["hi"] - one["lo"])


def test_figures_of_some_things_are_those_of_nothing_else() -> None:
    all = pairs(("y", "y", 9), ("y", "n", 4), ("n", "n", 7))
    said, half = tally(all, ["y", "n"]), all[5:15]
    chosen = np.array([item in half for item in all])
    assert cohen_of(said.of(chosen)) == cohen(half, ["y", "n"])
    assert fleiss_of(said.of(chosen)) == fleiss(half, ["y", "n"])


def test_the_confusion_is_the_first_readers_verdict_by_the_seconds() -> None:
    said = tally(pairs(("y", "y", 9), ("y", "n", 4), ("n", "n", 7)), ["y", "n"])
    assert said.confusion().tolist() == [[9, 4], [0, 7]]


def test_what_is_no_category_or_no_pair_is_refused() -> None:
    with pytest.raises(ShapeError, match="z"):
        cohen([Rated("s", ("y", "z"))], ["y"])
    with pytest.raises(ShapeError):
        cohen([Rated("s", ("y", "y", "y"))], ["y"])
    with pytest.raises(ShapeError):
        fleiss([Rated("s", ("y",))], ["y"])


ratings = st.lists(
    st.builds(Rated, st.sampled_from("abcdef"), st.tuples(*[st.sampled_from(["y", "n", "u"])] * 2)),
    min_size=1,
)


@settings(deadline=None, max_examples=25)
@given(ratings)
def test_kappa_knows_no_order_of_readers_and_is_at_most_one(rated) -> None:
    turned = [Rated(item.study, item.verdicts[::-1]) for item in rated]
    for measure in (cohen, fleiss):
        one, other = (measure(given, ["y", "n", "u"]) for given in (rated, turned))
        assert one.kappa["value"] == pytest.approx(other.kappa["value"])
        assert one.kappa["value"] is None or -1 <= one.kappa["value"] <= 1 + 1e-9
        assert one.agreement == other.agreement
