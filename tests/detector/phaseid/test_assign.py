"""All series of a study at once: exact sums over labellings that keep to the order of time."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.phaseid.assign import Observed, assign, best
from detector.phaseid.model import PHASES

NATIVE, ARTERIAL, PORTAL, DELAYED = range(4)
logs = st.lists(st.floats(-30, 0), min_size=4, max_size=4)


def seen(**share: float) -> np.ndarray:
    """Log likelihood of an image that speaks for phases in these shares."""
    return np.log([share.get(phase, 1e-6) for phase in PHASES])


def told(*observed: Observed) -> list[str]:
    return [best(p)[0] for p in assign(observed)]


@given(st.lists(logs, min_size=1, max_size=8))
def test_every_series_gets_probabilities_of_every_phase(rows: list[list[float]]) -> None:
    for p in assign([Observed(np.array(row)) for row in rows]):
        assert list(p) == list(PHASES)
        assert sum(p.values()) == pytest.approx(1)


@given(st.lists(logs, min_size=2, max_size=4), st.booleans())
def test_sums_equal_those_over_every_labelling(rows: list[list[float]], clock: bool) -> None:
    observed = [
        Observed(np.array(row), acquired_at=60.0 * i if clock else None, number=i)
        for i, row in enumerate(rows)
    ]
    total = np.zeros((len(rows), 4))
    for labels in product(range(4), repeat=len(rows)):
        weight = float(np.prod([np.exp(row[p]) for row, p in zip(rows, labels, strict=True)]))
        for i, p in enumerate(labels):
            weight *= 0.2 if p in labels[:i] else 1
            weight *= (0.001 if clock else 0.15) if max(labels[:i], default=0) > p else 1
        weight *= 0.15 if DELAYED in labels and PORTAL not in labels else 1
        for i, p in enumerate(labels):
            total[i, p] += weight
    expected = total / total.sum(axis=1, keepdims=True)
    found = [[p[phase] for phase in PHASES] for p in assign(observed)]
    assert np.allclose(found, expected, atol=1e-6)


def test_what_one_series_leaves_open_the_others_settle() -> None:
    late = Observed(seen(portal_venous=0.55, delayed=0.45))
    sure = Observed(seen(portal_venous=0.99, delayed=0.01))
    assert told(late) == ["portal_venous"]
    assert told(sure, late) == ["portal_venous", "delayed"]


def test_the_clock_decides_between_phases_that_look_alike() -> None:
    either = seen(portal_venous=0.5, delayed=0.5)
    assert told(Observed(either, acquired_at=300.0), Observed(either, acquired_at=70.0)) == [
        "delayed",
        "portal_venous",
    ]


def test_series_numbers_count_for_less_than_a_clear_image() -> None:
    first = Observed(seen(portal_venous=0.99, arterial=0.01), number=3)
    second = Observed(seen(arterial=0.99, portal_venous=0.01), number=4)
    assert told(first, second) == ["portal_venous", "arterial"]


def test_reconstructions_of_one_acquisition_are_one_phase() -> None:
    sharp = Observed(seen(portal_venous=0.4, delayed=0.6), acquired_at=70.0)
    soft = Observed(seen(portal_venous=0.9, delayed=0.1), acquired_at=70.5)
    assert told(sharp, soft) == ["portal_venous", "portal_venous"]


def test_series_with_the_same_hu_are_one_acquisition_where_there_is_no_clock() -> None:
    regions = {"aorta": 150.0, "liver": 110.0, "cava": 120.0}
    either = seen(portal_venous=0.6, delayed=0.4)
    again = {name: hu + 2 for name, hu in regions.items()}
    later = {name: hu - 20 for name, hu in regions.items()}
    first = Observed(either, regions=regions)
    assert told(first, Observed(either, regions=again)) == ["portal_venous", "portal_venous"]
    assert (
        len(set(told(first, Observed(either, regions=later)))) == 2
        or best(assign([first, Observed(either, regions=later)])[0])[1] < 0.9
    )


def test_a_name_settles_an_unclear_image_and_never_overrules_a_clear_one() -> None:
    unclear = Observed(seen(portal_venous=0.6, delayed=0.4), hint="delayed")
    clear = Observed(seen(arterial=0.999, portal_venous=0.0001), hint="portal_venous")
    assert told(unclear) == ["delayed"]
    assert told(clear) == ["arterial"]


def test_names_alone_are_as_sure_as_names_are() -> None:
    (p,) = assign([Observed(np.zeros(4), hint="arterial")])
    assert 0.9 < p["arterial"] < 1


def test_no_series_give_nothing() -> None:
    assert assign([]) == []
