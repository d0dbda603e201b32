"""What the promotion gate rests on: answers of two versions to the same cases, and what they come to."""

from __future__ import annotations

import pytest

from detector.data.cases import Case, Mark
from detector.errors import ShapeError
from detector.evaluation.answers import strata_of
from detector.evaluation.noninferiority import compare_answers, refusals


def detection(number: int, rank: int | None, *, size: str = "< 20 mm", site: str = "", subject: str = ""):
    scored = [[0.9, 1]] if rank == 1 else [[0.9, 0]] + ([[0.5, 1]] if rank else [])
    return {
        "study": f"s{number}",
        "subject": subject or f"p{number}",
        "strata": {"size": size, "phases": "arterial", "site": site},
        "primary_rank": rank,
        "has_primary": True,
        "scored": scored,
        "lesions": 1,
    }


def test_the_same_answers_differ_by_nothing_with_certainty():
    answers = [detection(n, 1 if n % 2 else None) for n in range(10)]
    found = compare_answers("detector", answers, answers, samples=50)
    assert (found["cases"], found["subjects"]) == (10, 10)
    for name in ("p1td_1", "p1td_10", "froc_mean"):
        difference = found["metrics"][name]["difference"]
        assert (difference["lo"], difference["value"], difference["hi"]) == (0, 0, 0)
    assert found["metrics"]["p1td_1"]["before"]["value"] == 0.5
    assert refusals(found) == []


def test_a_version_that_loses_lesions_is_refused_by_the_figures_that_fall():
    before = [detection(n, 1) for n in range(40)]
    after = [detection(n, 2 if n < 10 else 1) for n in range(40)]
    found = compare_answers("detector", before, after, samples=200)
    assert found["metrics"]["p1td_1"]["difference"]["value"] == pytest.approx(-0.25)
    assert found["metrics"]["p1td_10"]["difference"]["lo"] == 0
    assert {one["metric"] for one in refusals(found)} == {"p1td_1", "froc_mean"}


def test_few_cases_cannot_show_that_nothing_was_lost():
    before = [detection(n, 1) for n in range(5)]
    after = [detection(0, None), *before[1:]]
    (worst, *_) = refusals(compare_answers("detector", before, after, samples=200))
    assert worst["lo"] < -0.05


def test_the_comparison_is_paired_what_both_miss_costs_no_certainty():
    answers = [detection(n, None if n < 20 else 1) for n in range(40)]
    better = [detection(n, None if n < 19 else 1) for n in range(40)]
    difference = compare_answers("detector", answers, better, samples=400)["metrics"]["p1td_1"]["difference"]
    assert difference["lo"] >= 0
    assert difference["hi"] < 0.1


def test_a_stratum_counts_from_twenty_cases_up_and_is_shown_before():
    def answers(small: int, rank_of_small: int | None):
        tall = [detection(100 + n, 1, size="> 50 mm") for n in range(200)]
        return [detection(n, rank_of_small) for n in range(small)] + tall

    for small, refused in ((19, False), (20, True)):
        found = compare_answers("detector", answers(small, 1), answers(small, None), samples=200)
        by_name = {s["name"]: s for s in found["strata"]}
        assert by_name["< 20 mm"]["cases"] == small
        assert by_name["< 20 mm"]["metrics"]["p1td_1"]["difference"]["value"] == -1
        assert any(one["stratum"] == "< 20 mm" for one in refusals(found, margin=-0.2)) is refused


def test_subjects_are_resampled_whole():
    before = [detection(n, 1, subject=f"p{n // 2}") for n in range(20)]
    found = compare_answers("detector", before, before, samples=10)
    assert (found["cases"], found["subjects"]) == (20, 10)


def test_classifiers_are_compared_by_their_mean_f1():
    def case(number: int, said: str):
        truth = "hcc" if number % 2 else "benign"
        strata = {"size": "", "phases": "", "site": ""}
        return {
            "study": f"s{number}",
            "subject": f"p{number}",
            "strata": strata,
            "said": [[truth, said or truth]],
        }

    before = [case(n, "") for n in range(20)]
    after = [case(n, "hcc") for n in range(20)]
    found = compare_answers("characterizer", before, after, samples=50)["metrics"]["mean_f1"]
    assert (found["before"]["value"], found["after"]["value"]) == (1, pytest.approx(1 / 3))


def test_different_cases_and_none_are_refused():
    for before, after in (([], []), ([detection(1, 1)], [detection(2, 1)])):
        with pytest.raises(ShapeError):
            compare_answers("detector", before, after)


def test_a_figure_that_cannot_be_measured_is_no_proof():
    nothing = [detection(n, None) | {"has_primary": False} for n in range(3)]
    assert refusals(compare_answers("detector", nothing, nothing, samples=20))[0]["lo"] is None


def test_a_case_falls_into_strata_by_its_primary_lesion_phases_and_site():
    marks = (
        Mark(lo=(0, 0, 0), hi=(60, 10, 10)),
        Mark(lo=(0, 0, 0), hi=(12, 19, 90), primary=True),
    )
    images = {"portal_venous": "p", "arterial": "a"}
    case = Case(study="s", subject="p", reference_phase="arterial", images=images, site="north", marks=marks)
    assert strata_of(case) == {"size": "< 20 mm", "phases": "arterial + portal_venous", "site": "north"}
    assert strata_of(case.model_copy(update={"marks": marks[:1]}))["size"] == "> 50 mm"
    assert strata_of(case.model_copy(update={"marks": ()}))["size"] == ""
