"""Automation bias from readings of studies whose truth is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest.agreement.bias import KnownStudy, bias_of


def test_a_reader_who_accepts_what_was_invented() -> None:
    invented = [KnownStudy(f"i{n}", invented=1, invented_accepted=int(n < 6)) for n in range(20)]
    plain = [KnownStudy(f"p{n}", wrong=1, wrong_accepted=int(n < 2)) for n in range(40)]
    commission = bias_of([*invented, *plain]).commission
    assert (commission.led.hits, commission.led.cases) == (6, 20)
    assert (commission.unled.hits, commission.unled.cases) == (2, 40)
    assert commission.difference["value"] == pytest.approx(0.30 - 0.05)
    assert commission.difference["lo"] > 0  # 6 of 20 against 2 of 40: the machine leads
    assert commission.more_cases == 58  # Wilson at 30 % is 0.1 wide to each side from 78 cases on


def test_a_reader_who_misses_what_the_machine_does_not_show() -> None:
    withheld = [KnownStudy(f"w{n}", withheld=1, withheld_found=int(n < 5)) for n in range(10)]
    scratch = [KnownStudy(f"s{n}", lesions=2, lesions_found=2, from_scratch=True) for n in range(10)]
    omission = bias_of([*withheld, *scratch]).omission
    assert omission.led.estimate["value"] == 0.5
    assert (omission.unled.hits, omission.unled.cases) == (0, 20)
    assert omission.difference["value"] == 0.5


def test_accuracy_is_of_unaltered_studies_read_with_candidates() -> None:
    rows = [
        KnownStudy("plain", lesions=4, lesions_found=3, marks_on_nothing=1),
        KnownStudy("plain too", lesions=0, marks_on_nothing=0),
        KnownStudy("altered", withheld=1, lesions=1, lesions_found=0, marks_on_nothing=7),
        KnownStudy("scratch", lesions=2, lesions_found=0, marks_on_nothing=7, from_scratch=True),
    ]
    bias = bias_of(rows)
    assert (bias.studies, bias.unaltered) == (4, 2)
    assert bias.sensitivity.estimate["value"] == 0.75
    assert bias.on_nothing["value"] == 0.5


def test_without_hidden_studies_nothing_is_claimed_and_the_wanted_cases_are_said() -> None:
    bias = bias_of([])
    assert bias.commission.difference["value"] is bias.omission.difference["value"] is None
    assert bias.sensitivity.estimate["value"] is bias.on_nothing["value"] is None
    assert bias.commission.more_cases == bias.omission.more_cases == 93


@given(st.lists(st.integers(1, 3).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1))
def test_a_reader_who_takes_inventions_and_errors_alike_is_not_led(rows) -> None:
    alike = [
        KnownStudy(str(n), invented=of, invented_accepted=taken, wrong=of, wrong_accepted=taken)
        for n, (taken, of) in enumerate(rows)
    ]
    found = bias_of(alike).commission.difference
    assert found["value"] == 0
    assert found["lo"] <= 0 <= found["hi"]
