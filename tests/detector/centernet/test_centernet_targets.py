"""Targets, and decoding as their inverse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.centernet.decode import decode_sample, fuse_phases, merge_phases, peaks
from detector.centernet.network import Maps
from detector.centernet.targets import SampleMarks, gaussian, make_targets
from detector.geometry import Box3D

HEATMAP = (6, 9, 11)  # no two axes alike
STRIDE = (2, 4, 4)
NONE = np.zeros((0, 6))


def sample(
    positive: object = NONE, negative: object = NONE, ignored: object = NONE, *, complete: bool = True
) -> SampleMarks:
    def rows(values: object) -> np.ndarray:
        return np.array(values, float).reshape(-1, 6)

    return SampleMarks(rows(positive), rows(negative), rows(ignored), (5.0, 2.0, 2.0), complete)


def perfect_maps(marks: SampleMarks) -> Maps:
    """What a network that has learnt the targets by heart would say."""
    told = make_targets([marks], HEATMAP, STRIDE)
    heat = torch.logit(told.heatmap.clamp(1e-6, 1 - 1e-6))
    size, offset = torch.zeros(1, 3, *HEATMAP), torch.zeros(1, 3, *HEATMAP)
    for (b, z, y, x), s, o in zip(told.centres.tolist(), told.size, told.offset, strict=True):
        size[b, :, z, y, x], offset[b, :, z, y, x] = s, o
    return Maps(heat, size, offset)


@st.composite
def boxes(draw: st.DrawFn) -> list[float]:
    lo, hi = [], []
    for cells, stride in zip(HEATMAP, STRIDE, strict=True):
        centre = draw(st.floats(0, cells * stride - 1e-3))
        half = draw(st.floats(stride / 2, cells * stride / 2))
        lo.append(centre - half)
        hi.append(centre + half)
    return [*lo, *hi]


@given(boxes())
@settings(max_examples=60, deadline=None)
def test_decoding_gives_back_the_box_that_was_encoded(box: list[float]) -> None:
    found = decode_sample(perfect_maps(sample(positive=[box])), 0, STRIDE, top=1)
    np.testing.assert_allclose(found[0][1], box, atol=1e-4)


def test_each_lesion_of_a_cell_keeps_its_row() -> None:
    box = [2, 8, 8, 4, 12, 12]
    told = make_targets([sample(positive=[box, box])], HEATMAP, STRIDE)
    assert told.centres.tolist() == [[0, 1, 2, 2], [0, 1, 2, 2]]
    assert (told.heatmap == 1).sum() == 1


def test_axes_keep_their_order() -> None:
    """A box long in z, short in y, middling in x."""
    told = make_targets([sample(positive=[[0, 12, 16, 10, 16, 24]])], HEATMAP, STRIDE)
    assert told.centres.tolist() == [[0, 2, 3, 5]]
    assert told.size.tolist() == [[5, 1, 2]]
    assert told.offset.tolist() == [[0.5, 0.5, 0]]


def test_the_gaussian_is_a_sphere_in_millimetres() -> None:
    kernel = gaussian((9, 9, 9), (4, 4, 4), 1.0, (4.0, 8.0, 2.0))  # cells: 4 mm in z, 8 in y, 2 in x
    assert kernel[4, 4, 4] == 1
    assert kernel[6, 4, 4] == kernel[4, 5, 4] == kernel[4, 4, 8]  # each 8 mm away
    assert kernel[4, 4, 5] == pytest.approx(np.exp(-0.5))


def test_a_lesion_whose_centre_left_the_input_is_ignored() -> None:
    told = make_targets([sample(positive=[[-9, 8, 8, 5, 16, 16]])], HEATMAP, STRIDE)
    assert len(told.centres) == 0
    assert told.background[0, 0, :3, 2:4, 2:4].sum() == 0
    assert told.background.sum() == told.background.numel() - 12


def test_ignored_marks_are_masked() -> None:
    told = make_targets([sample(ignored=[[2, 8, 12, 4, 12, 20]])], HEATMAP, STRIDE)
    assert told.background[0, 0, 1, 2, 3:5].tolist() == [0, 0]
    assert told.background.sum() == told.background.numel() - 2


def test_an_incomplete_case_teaches_only_around_its_marks() -> None:
    marks = sample(positive=[[4, 16, 16, 6, 20, 20]], complete=False)
    told = make_targets([marks], HEATMAP, STRIDE)
    assert told.background[0, 0, 2, 4, 4] == 1
    assert told.background[0, 0, 0, 0, 0] == 0
    assert 0 < told.background.sum() < 40


def test_an_empty_sample_has_no_centres() -> None:
    told = make_targets([sample()], HEATMAP, STRIDE)
    assert told.centres.shape == (0, 4)
    assert told.size.shape == (0, 3)
    assert told.heatmap.sum() == 0


def test_a_lesion_s_cells_weigh_one_together_whatever_its_size() -> None:
    told = make_targets(
        [sample(positive=[[0, 0, 0, 12, 32, 32]]), sample(positive=[[2, 8, 8, 3, 9, 9]])], HEATMAP, STRIDE
    )
    assert told.inside.sum((1, 2, 3, 4)).tolist() == pytest.approx([1, 1])
    large, small = ((told.inside[b] > 0).sum().item() for b in (0, 1))
    assert small == 1
    assert large > 20


def test_ties_of_neighbours_give_one_peak() -> None:
    heat = torch.zeros(5, 7, 9)
    heat[2, 3, 4:6] = 0.8
    heat[4, 6, 8] = 0.5
    assert peaks(heat, 2) == [(pytest.approx(0.8), (2, 3, 4)), (pytest.approx(0.5), (4, 6, 8))]


def test_a_flat_map_still_gives_peaks_that_do_not_touch() -> None:
    cells = [c for _, c in peaks(torch.full((4, 6, 8), 0.1), 10)]
    assert len(cells) == 10
    for i, a in enumerate(cells):
        assert all(max(abs(p - q) for p, q in zip(a, b, strict=True)) > 1 for b in cells[:i])


def box_at(x: float) -> Box3D:
    return Box3D((x, 0, 0), (x + 10, 10, 10))


def test_phases_that_agree_become_one_candidate_with_the_support_of_each() -> None:
    merged = merge_phases(
        {"arterial": [(0.9, box_at(0)), (0.2, box_at(50))], "delayed": [(0.6, box_at(2)), (0.3, box_at(1))]},
        iou_threshold=0.3,
        top=10,
    )
    assert [(c.box, c.score) for c in merged] == [(box_at(0), 0.9), (box_at(50), 0.2)]
    assert merged[0].phase_scores == {"arterial": 0.9, "delayed": 0.6}
    assert merged[1].phase_scores == {"arterial": 0.2}


def test_merging_keeps_the_best() -> None:
    found = {"arterial": [(s, box_at(100 * s)) for s in (0.1, 0.5, 0.9)]}
    assert [c.score for c in merge_phases(found, iou_threshold=0.3, top=2)] == [0.9, 0.5]


def test_nothing_found_is_an_empty_list() -> None:
    assert merge_phases({"arterial": []}, iou_threshold=0.3, top=10) == []


def test_fused_phases_share_a_box_and_each_has_a_vote() -> None:
    fused = fuse_phases(
        {"arterial": [(0.9, box_at(0)), (0.8, box_at(50))], "delayed": [(0.6, box_at(2))]},
        iou_threshold=0.3,
        top=10,
    )
    # 0.9 at 0 and 0.6 at 2 meet at 0.8; one phase of two saw the other box, which counts half.
    assert fused[0].box.lo == pytest.approx((0.8, 0, 0))
    assert fused[0].box.hi == pytest.approx((10.8, 10, 10))
    assert [c.score for c in fused] == pytest.approx([0.75, 0.4])
    assert fused[0].phase_scores == {"arterial": 0.9, "delayed": 0.6}


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.floats(0.01, 1), st.floats(0, 40)),
        min_size=1,
        max_size=12,
    )
)
def test_fusion_knows_no_order_of_phases_and_stays_within_its_boxes(found) -> None:
    by_phase: dict[str, list] = {"a": [], "b": [], "c": []}
    for phase, score, x in found:
        by_phase[phase].append((score, box_at(x)))
    fused = fuse_phases(by_phase, iou_threshold=0.3, top=20)
    assert 1 <= len(fused) <= len(found)
    scores = [c.score for c in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < s <= 1 for s in scores)
    least, most = min(x for *_, x in found), max(x for *_, x in found)
    assert all(least - 1e-9 <= c.box.lo[0] <= most + 1e-9 for c in fused)
    if len({score for _, score, _ in found}) == len(found):
        turned = fuse_phases(dict(reversed(by_phase.items())), iou_threshold=0.3, top=20)
        assert sorted(c.box.lo[0] for c in turned) == pytest.approx(sorted(c.box.lo[0] for c in fused))
