"""Matching, P1TD, FROC, bootstrap and classification figures on cases small enough to count by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.contracts import Candidate
from detector.errors import ShapeError
from detector.evaluation.bootstrap import (
    bootstrap,
    bootstrap_many,
    bootstrap_median,
    bootstrap_sums,
    mean_estimate,
    paired_difference,
)
from detector.evaluation.classification import classification_report
from detector.evaluation.froc import sensitivities
from detector.evaluation.matching import HIT_RULES, StudyOutcome, primary_hit, score_candidates
from detector.evaluation.report import summarise
from detector.geometry import Box3D

RULE = HIT_RULES["iou3d>=0.1"]


def box(x: float, side: float = 10) -> Box3D:
    return Box3D((x, 0, 0), (x + side, side, side))


def outcome(
    scored: list[tuple[float, float]],
    lesions: list[float],
    primary: int = 0,
    subject: str = "P",
    **more: object,
) -> StudyOutcome:
    candidates = tuple(Candidate(box(x), s) for s, x in scored)
    flags = tuple(i == primary for i in range(len(lesions)))
    return StudyOutcome("S", subject, candidates, tuple(box(x) for x in lesions), flags, **more)  # type: ignore[arg-type]


def test_the_hit_rules_differ_where_they_should() -> None:
    lesion = box(0)
    assert [rule(box(8), lesion) for rule in HIT_RULES.values()] == [True, False, False]
    assert [rule(box(4), lesion) for rule in HIT_RULES.values()] == [True, True, True]
    assert [rule(box(-10, 30), lesion) for rule in HIT_RULES.values()] == [False, False, False]
    tight = Box3D((4, 4, 4), (6, 6, 6))
    assert [rule(tight, lesion) for rule in HIT_RULES.values()] == [False, True, False]


def test_p1td_looks_at_the_primary_lesion_among_the_best() -> None:
    found = outcome([(0.9, 100), (0.8, 0)], [0, 100], primary=0)
    assert not primary_hit(found, 1, RULE)
    assert primary_hit(found, 2, RULE)


def test_a_lesion_found_twice_counts_once_and_its_second_box_not_at_all() -> None:
    found = outcome([(0.9, 0), (0.8, 1), (0.7, 200)], [0])
    assert score_candidates(found, RULE) == [(0.9, True), (0.7, False)]


def test_a_candidate_on_an_ignored_box_is_no_false_alarm() -> None:
    found = outcome([(0.9, 50), (0.5, 200)], [0], ignored=(box(50),))
    assert score_candidates(found, RULE) == [(0.5, False)]


def test_froc_by_hand() -> None:
    """Two studies, three lesions: at 0.5 false positives a study one is allowed."""
    scored = [[(0.9, True), (0.8, False), (0.3, True)], [(0.7, True), (0.6, False)]]
    assert sensitivities(scored, [2, 1], at=(0.1, 0.5, 1.0)) == pytest.approx([1 / 3, 2 / 3, 1])


def test_candidates_of_equal_score_pass_together() -> None:
    assert sensitivities([[(0.5, True), (0.5, False)]], [1], at=(0.5, 1.0)) == [0, 1]


def test_froc_without_candidates_and_without_lesions() -> None:
    assert sensitivities([[], []], [1, 0], at=(1.0,)) == [0]
    assert math.isnan(sensitivities([[(0.5, False)]], [0], at=(1.0,))[0])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=12))
@settings(max_examples=50, deadline=None)
def test_sensitivity_never_falls_with_more_false_positives(pairs: list[tuple[float, bool]]) -> None:
    found = sensitivities([pairs], [max(1, sum(t for _, t in pairs))])
    assert found == sorted(found)
    assert all(0 <= v <= 1 for v in found)


def test_summary_of_studies_counted_by_hand() -> None:
    studies = [
        outcome([(0.9, 0)], [0], subject="A"),
        outcome([(0.9, 50), (0.8, 0)], [0], subject="B"),
        outcome([], [0], subject="C"),
        outcome([(0.2, 0)], [], subject="D"),
    ]
    figures = summarise(studies, samples=200)
    assert figures["studies"] == 4
    assert figures["p1td_1"]["value"] == pytest.approx(1 / 3)
    assert figures["p1td_10"]["value"] == pytest.approx(2 / 3)
    assert figures["p1td_1"]["n"] == 3
    assert figures["froc"]["1"]["value"] == pytest.approx(2 / 3)
    assert figures["p1td_1"]["lo"] <= 1 / 3 <= figures["p1td_1"]["hi"]


def test_nothing_to_judge_is_said() -> None:
    with pytest.raises(ShapeError, match="no gold study"):
        summarise([])


def test_the_interval_of_a_share_agrees_with_the_binomial() -> None:
    hits = [1.0] * 60 + [0.0] * 40
    e = mean_estimate(hits, [str(i) for i in range(100)])
    assert (e["value"], e["n"]) == (0.6, 100)
    half = 1.96 * math.sqrt(0.6 * 0.4 / 100)
    assert e["lo"] == pytest.approx(0.6 - half, abs=0.02)
    assert e["hi"] == pytest.approx(0.6 + half, abs=0.02)


def test_studies_of_one_subject_are_drawn_together() -> None:
    """One subject has no variance, however many studies it has."""
    e = mean_estimate([1, 0, 1, 0], ["A"] * 4)
    assert (e["value"], e["lo"], e["hi"], e["n"]) == (0.5, 0.5, 0.5, 1)


def test_a_paired_difference_is_narrower_than_its_parts() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(0, 5, 200)
    e = paired_difference(list(a), list(a + 1), [str(i) for i in range(200)])
    assert (e["value"], e["lo"], e["hi"]) == pytest.approx((1, 1, 1))


def test_figures_without_items_or_value_are_null() -> None:
    assert mean_estimate([], []) == {"value": None, "lo": None, "hi": None, "n": 0}
    assert bootstrap(["A"], lambda items: float("nan"))["value"] is None
    assert bootstrap_many([], lambda items: [0.0]) == []


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ShapeError):
        mean_estimate([1.0], [])
    with pytest.raises(ShapeError):
        paired_difference([1.0], [1.0, 2.0], ["A"])
    with pytest.raises(ShapeError):
        classification_report(["a"], [], ["S"], ["a"])


def test_accuracy_and_mean_f1_by_hand() -> None:
    truth, said = ["hcc", "hcc", "icc", "icc"], ["hcc", "icc", "icc", "icc"]
    report = classification_report(truth, said, list("ABCD"), ["hcc", "icc", "benign"], samples=100)
    assert report["accuracy"]["value"] == 0.75
    assert report["f1"]["hcc"]["value"] == pytest.approx(2 / 3)  # type: ignore[index]
    assert report["f1"]["icc"]["value"] == pytest.approx(0.8)  # type: ignore[index]
    assert report["f1"]["benign"]["value"] is None  # type: ignore[index]
    assert report["mean_f1"]["value"] == pytest.approx((2 / 3 + 0.8) / 2)


def test_a_bootstrap_of_sums_is_the_bootstrap_of_items() -> None:
    """The same subjects are drawn by the same seed, so the very intervals come out."""
    rng = np.random.default_rng(3)
    subjects = [f"s{i}" for i in rng.integers(0, 12, 60)]
    values = rng.normal(4, 1, 60)
    [by_items] = bootstrap_many(subjects, lambda items: [float(values[items].mean())], samples=400, seed=5)
    [by_sums] = bootstrap_sums(
        subjects,
        np.stack([np.ones(60), values], axis=1),
        lambda sums: sums[:, 1:] / sums[:, :1],
        samples=400,
        seed=5,
    )
    assert by_sums == pytest.approx(by_items)


def test_a_figure_that_is_undefined_has_no_value() -> None:
    [estimate] = bootstrap_sums(["a", "b"], [[0, 1], [0, 2]], lambda sums: sums[:, 1:] / sums[:, :1])
    assert estimate == {"value": None, "lo": None, "hi": None, "n": 2}
    assert bootstrap_sums([], np.zeros((0, 2)), lambda sums: sums) == []


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 20)), min_size=1, max_size=12))
def test_a_bootstrap_of_medians_is_the_bootstrap_of_items(items: list[tuple[str, int]]) -> None:
    subjects, values = [s for s, _ in items], np.array([float(v) for _, v in items])
    quick = bootstrap_median(subjects, list(values), samples=3000)
    slow = bootstrap(subjects, lambda chosen: float(np.median(values[chosen])), samples=1)
    assert (quick["value"], quick["n"]) == (slow["value"], slow["n"])
    assert min(values) <= quick["lo"] <= quick["value"] <= quick["hi"] <= max(values)


def test_the_interval_of_a_median_is_that_of_any_statistic() -> None:
    values = np.random.default_rng(1).lognormal(1, 1, 60)
    subjects = [str(i // 2) for i in range(60)]
    quick = bootstrap_median(subjects, list(values), samples=4000)
    slow = bootstrap(subjects, lambda items: float(np.median(values[items])), samples=4000, seed=1)
    assert (quick["lo"], quick["hi"]) == pytest.approx((slow["lo"], slow["hi"]), rel=0.05)
    assert bootstrap_median([], []) == {"value": None, "lo": None, "hi": None, "n": 0}
