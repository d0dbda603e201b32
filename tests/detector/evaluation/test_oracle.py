"""An oracle reads as a reader would, draws what nothing hits, and errs as often as it is told to."""

from __future__ import annotations

import pytest

from detector.contracts import Candidate
from detector.data.cases import Case, Mark
from detector.evaluation.oracle import CLICK_S, DRAW_S, Errors, read_study
from detector.geometry import Box3D

MARK = Mark(lo=(0, 0, 0), hi=(10, 10, 10), primary=True)


def case(n: int = 0) -> Case:
    return Case(study=f"S{n}", subject="P", reference_phase="p", images={"p": "p.npy"}, marks=(MARK,))


def at(x: float) -> Box3D:
    return Box3D((x, 0, 0), (x + 10, 10, 10))


def test_candidates_are_accepted_left_and_rejected() -> None:
    read = read_study(case(), [Candidate(at(1), 0.9), Candidate(at(50), 0.8), Candidate(at(0), 0.7)])
    assert [m.role for m in read.case.marks] == ["positive", "negative", "ignored"]
    assert [m.primary for m in read.case.marks] == [True, False, False]
    assert read.case.marks[0].box == at(1)
    assert not read.case.complete
    assert (read.drawn, read.seconds) == (False, CLICK_S)


def test_a_box_inside_a_lesion_that_it_does_not_hit_is_left_undecided() -> None:
    small = Candidate(Box3D((4, 4, 4), (6, 6, 6)), 0.9)
    assert [m.role for m in read_study(case(), [small], draws=False).case.marks] == ["ignored"]


def test_a_primary_lesion_that_nothing_hits_is_drawn_at_its_price() -> None:
    read = read_study(case(), [Candidate(at(50), 0.8)])
    assert [(m.role, m.primary) for m in read.case.marks] == [("negative", False), ("positive", True)]
    assert (read.drawn, read.seconds) == (True, CLICK_S + DRAW_S)
    left = read_study(case(), [Candidate(at(50), 0.8)], draws=False)
    assert [m.role for m in left.case.marks] == ["negative"]


def test_errors_come_at_their_rates_and_by_their_seed() -> None:
    shown = [Candidate(at(1), 0.9), Candidate(at(50), 0.8)]

    def roles(seed: int) -> list[tuple[str, str]]:
        errors = Errors(missed=0.3, accepted_wrongly=0.1, seed=seed)
        reads = [read_study(case(n), shown, errors=errors, draws=False) for n in range(600)]
        return [(read.case.marks[0].role, read.case.marks[1].role) for read in reads]

    said = roles(1)
    assert sum(hit == "negative" for hit, _ in said) / 600 == pytest.approx(0.3, abs=0.06)
    assert sum(other == "positive" for _, other in said) / 600 == pytest.approx(0.1, abs=0.04)
    assert said == roles(1) != roles(2)
