"""Which slice is the key slice, and which candidate is suggested."""

from __future__ import annotations

import pytest

from detector.errors import ShapeError
from detector.keyslice.select import key_offset, suggest_primary


def test_the_slice_of_greatest_area_is_the_key_slice() -> None:
    assert key_offset([10.0, 80.0, 300.5, 20.0]) == 2


def test_without_any_area_it_is_the_middle_slice() -> None:
    assert key_offset([0.0] * 7) == 3
    assert key_offset([0.0]) == 0


def test_of_equal_areas_the_one_nearest_to_the_middle() -> None:
    assert key_offset([50.0, 0.0, 0.0, 50.0, 0.0]) == 3


def test_one_slice_on_which_the_segmentation_ran_over_does_not_decide() -> None:
    assert key_offset([90.0, 0.0, 40.0, 60.0, 80.0, 70.0, 20.0]) == 4


def test_a_box_without_slices_is_an_error() -> None:
    with pytest.raises(ShapeError):
        key_offset([])


def test_among_primary_candidates_the_highest_detector_score_wins() -> None:
    assert suggest_primary([0.95, 0.4, 0.8], [0.3, 0.99, 0.6]) == 2


def test_if_none_is_primary_the_greatest_product_wins() -> None:
    assert suggest_primary([0.9, 0.5, 0.2], [0.1, 0.4, 0.45]) == 1


def test_no_candidates_no_suggestion_and_lengths_must_agree() -> None:
    assert suggest_primary([], []) is None
    with pytest.raises(ShapeError):
        suggest_primary([0.5], [])
