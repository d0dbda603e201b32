"""CenterNet-2D: a slice knows its two neighbours and no more, and its boxes are linked into lesions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from detector.centernet.decode import decode_sample, link_slices
from detector.centernet.network import CenterNet3D, Maps
from detector.centernet.plan import plan_for
from detector.centernet.targets import SampleMarks, in_slices, make_targets
from detector.data.cases import read_cases
from detector.data.images import load_case
from detector.errors import PlanError
from detector.geometry import iou
from detector.registry import family
from tests.detector.small_studies import write_cohort

NONE = np.zeros((0, 6))


def marks(*positive: list[float]) -> SampleMarks:
    return SampleMarks(np.array(positive, float).reshape(-1, 6), NONE, NONE, (5.0, 1.0, 1.0))


def test_what_a_slice_says_depends_on_three_slices() -> None:
    torch.manual_seed(0)
    network = CenterNet3D(plan_for("tiny", family="centernet2d")).eval()
    image = torch.randn(1, 1, 16, 64, 64)
    other = image.clone()
    other[:, :, 10] = 0

    # Group norm looks at the whole input, so the reach is asked of the gradient of one slice's convolutions.
    def flatten_norms(module: torch.nn.Module) -> None:
        for name, child in module.named_children():
            if isinstance(child, torch.nn.GroupNorm):
                setattr(module, name, torch.nn.Identity())
            else:
                flatten_norms(child)

    flatten_norms(network)
    with torch.inference_mode():
        before, after = network(image)[-1].heatmap, network(other)[-1].heatmap
    changed = [z for z in range(16) if not torch.equal(before[:, :, z], after[:, :, z])]
    assert changed == [9, 10, 11]


def test_a_lesion_is_a_mark_in_each_of_its_slices_and_its_kernel_stays_there() -> None:
    flat = in_slices(marks([2.2, 8, 8, 5.6, 24, 24], [7.6, 40, 40, 7.9, 48, 48]), 16)
    assert flat.positive[:, [0, 3]].tolist() == [[2, 3], [3, 4], [4, 5], [5, 6], [7, 8]]
    told = make_targets([flat], (16, 16, 16), (1, 4, 4), kernel_in="plane")
    assert len(told.centres) == 5
    assert [z for z in range(16) if told.heatmap[0, 0, z].max() == 1] == [2, 3, 4, 5, 7]
    assert told.heatmap[0, 0, 6].max() == 0


def test_targets_of_a_lesion_decode_to_it() -> None:
    lesion = [3.0, 8, 12, 7, 28, 30]
    told = make_targets([in_slices(marks(lesion), 16)], (16, 16, 16), (1, 4, 4), kernel_in="plane")
    size, offset = torch.ones(1, 3, 16, 16, 16), torch.zeros(1, 3, 16, 16, 16)
    for (b, z, y, x), s, o in zip(told.centres.tolist(), told.size, told.offset, strict=True):
        size[b, :, z, y, x], offset[b, :, z, y, x] = s, o
    logits = torch.logit(told.heatmap.clamp(1e-4, 1 - 1e-4))
    flat = decode_sample(Maps(logits, size, offset), 0, (1, 4, 4), top=4, planar=True)
    ((score, edges),) = link_slices(flat, iou_threshold=0.4, top=10)
    assert score > 0.99
    assert edges == pytest.approx(lesion, abs=1e-4)


def box(z: float, x: float) -> np.ndarray:
    return np.array([z, 0, x, z + 1, 10, x + 10])


def test_slices_that_overlap_are_one_lesion_and_a_gap_parts_two() -> None:
    boxes = [(0.5, box(3, 0)), (0.9, box(4, 1)), (0.3, box(5, 2)), (0.4, box(7, 2)), (0.8, box(4, 40))]
    linked = link_slices(boxes, iou_threshold=0.4, top=10)
    assert [score for score, _ in linked] == [0.9, 0.8, 0.4]
    first = linked[0][1]
    assert first[[0, 3]].tolist() == [3, 6]
    assert first[2] == pytest.approx((0.5 * 0 + 0.9 * 1 + 0.3 * 2) / 1.7)
    assert link_slices([], iou_threshold=0.4, top=10) == []


def test_a_better_box_is_linked_first() -> None:
    boxes = [(0.9, box(0, 0)), (0.8, box(1, 1)), (0.7, box(1, 2))]
    linked = link_slices(boxes, iou_threshold=0.4, top=10)
    assert [(score, edges[3] - edges[0]) for score, edges in linked] == [(0.9, 2), (0.7, 1)]


def test_a_planar_plan_keeps_its_slices() -> None:
    with pytest.raises(PlanError, match="planar"):
        plan_for("tiny", {"stride_zyx": (2, 4, 4)}, family="centernet2d")


def test_it_learns_a_handful_of_lesions(tmp_path: Path) -> None:
    cases = write_cohort(tmp_path / "cohort", ["hcc", "metastasis"])
    result = (
        family("centernet2d")
        .trainer()
        .train(
            cases,
            tmp_path / "out",
            size="tiny",
            overrides={"steps": 150, "lr": 4e-3, "scale_range": (1.0, 1.0), "shift_share": 0.0},
            gold=None,
            initial_weights=None,
            on_progress=lambda _: None,
        )
    )
    detector = family("centernet2d").load(result.weights)
    for case in read_cases(cases):
        (mark,) = (m for m in case.marks if m.primary)
        assert iou(detector.detect(load_case(case))[0].box, mark.box) > 0.3
