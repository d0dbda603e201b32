"""The losses against values computed by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from detector.centernet.losses import (
    centernet_loss,
    focal_heatmap_loss,
    hard_negative_loss,
    inside_loss,
    regression_loss,
    relative_size_loss,
)
from detector.centernet.network import Maps
from detector.centernet.plan import plan_for
from detector.centernet.targets import Targets
from detector.errors import ShapeError

NO_CENTRES = torch.zeros((0, 4), dtype=torch.long)


def logit(p: float) -> float:
    return math.log(p / (1 - p))


def row(*values: float) -> Tensor:
    return torch.tensor(values).reshape(1, 1, 1, 1, -1)


def targets(heat: Tensor, centres: Tensor = NO_CENTRES, rejected: Tensor | None = None) -> Targets:
    n = len(centres)
    hard = torch.zeros_like(heat) if rejected is None else rejected
    none = torch.zeros_like(heat)
    return Targets(heat, torch.ones_like(heat), hard, none, centres, torch.zeros(n, 3), torch.zeros(n, 3))


def test_the_focal_loss_is_the_papers_sum_over_cells() -> None:
    centres = torch.tensor([[0, 0, 0, 0]])
    loss = focal_heatmap_loss(row(logit(0.7), logit(0.4), logit(0.2)), row(1, 0.5, 0), centres, row(1, 1, 1))
    expected = -(0.3**2 * math.log(0.7) + 0.5**4 * 0.4**2 * math.log(0.6) + 0.2**2 * math.log(0.8))
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_two_lesions_in_one_cell_count_twice_and_divide_by_two() -> None:
    centres = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 0]])
    loss = focal_heatmap_loss(row(logit(0.7), logit(0.2)), row(1, 0), centres, row(1, 1))
    expected = -(2 * 0.3**2 * math.log(0.7) + 0.2**2 * math.log(0.8)) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_a_cell_of_value_one_that_is_no_centre_is_background() -> None:
    """An ignored lesion's neighbour may reach 1: positives are named, never searched for."""
    loss = focal_heatmap_loss(row(logit(0.7), logit(0.2)), row(1, 0), NO_CENTRES, row(1, 1))
    assert loss.item() == pytest.approx(-(0.2**2) * math.log(0.8), rel=1e-5)


def test_cells_of_weight_zero_teach_nothing() -> None:
    loss = focal_heatmap_loss(row(logit(0.9), logit(0.2)), row(0, 0), NO_CENTRES, row(0, 1))
    assert loss.item() == pytest.approx(-(0.2**2) * math.log(0.8), rel=1e-5)


@pytest.mark.parametrize("extreme", [-200.0, 200.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_extreme_scores_give_finite_losses_and_gradients(extreme: float, dtype: torch.dtype) -> None:
    logits = torch.full((1, 1, 1, 1, 2), extreme, dtype=dtype, requires_grad=True)
    loss = focal_heatmap_loss(logits, row(1, 0), torch.tensor([[0, 0, 0, 0]]), row(1, 1))
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ShapeError):
        focal_heatmap_loss(row(0, 0), row(0), NO_CENTRES, row(1, 1))


def test_the_regression_loss_sums_axes_and_divides_by_lesions() -> None:
    maps = torch.zeros(2, 3, 1, 1, 2)
    maps[1, :, 0, 0, 1] = torch.tensor([1.0, 2.0, 3.0])
    centres = torch.tensor([[1, 0, 0, 1], [0, 0, 0, 0]])
    wanted = torch.tensor([[1.5, 1.0, 3.0], [0.0, 0.0, 1.0]])
    assert regression_loss(maps, centres, wanted).item() == pytest.approx((0.5 + 1 + 0 + 1) / 2)


def test_a_hard_negative_adds_its_term_at_the_rejected_cell() -> None:
    told = targets(row(0, 0), rejected=row(1, 0))
    loss = hard_negative_loss(row(logit(0.6), logit(0.9)), told)
    assert loss.item() == pytest.approx(-(0.6**2) * math.log(0.4), rel=1e-5)


def test_a_hard_negative_spares_the_lesion_in_its_own_cell() -> None:
    told = targets(row(1, 0), torch.tensor([[0, 0, 0, 0]]), rejected=row(1, 0))
    assert hard_negative_loss(row(3.0, -3.0), told).item() == 0


def maps_of(heat: Tensor) -> Maps:
    zeros = torch.zeros(heat.shape[0], 3, *heat.shape[2:])
    return Maps(heat, zeros, zeros)


def test_the_total_weighs_its_terms_as_the_paper_does() -> None:
    heat = row(1, 0)
    told = Targets(
        heat,
        torch.ones_like(heat),
        row(0, 1),
        row(1, 0),
        torch.tensor([[0, 0, 0, 0]]),
        size=torch.tensor([[1.0, 2.0, 3.0]]),
        offset=torch.tensor([[0.5, 0.0, 0.25]]),
    )
    paper = plan_for("tiny", {"relative_size_weight": 0, "inside_weight": 0})
    terms = centernet_loss([maps_of(row(0, 0))], told, paper)
    assert terms["size"].item() == pytest.approx(6)
    assert terms["offset"].item() == pytest.approx(0.75)
    expected = terms["heatmap"] + 0.1 * 6 + 1 * 0.75 + 3 * terms["hard_negative"]
    assert terms["loss"].item() == pytest.approx(expected.item())
    ours = centernet_loss([maps_of(row(0, 0))], told, plan_for("tiny"))
    assert ours["relative_size"].item() == pytest.approx(3)  # a whole size too small on each axis
    assert ours["loss"].item() == pytest.approx(expected.item() + 3)


def test_a_cell_too_much_weighs_more_on_a_small_lesion() -> None:
    centres = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 1]])
    maps = torch.tensor([[5.0, 11.0]]).repeat(3, 1).reshape(1, 3, 1, 1, 2)
    wanted = torch.tensor([[4.0] * 3, [10.0] * 3])
    assert relative_size_loss(maps, centres, wanted).item() == pytest.approx(3 * (1 / 4 + 1 / 10) / 2)


def test_inside_counts_each_lesion_once_and_the_background_a_tenth() -> None:
    """Two lesions, of one cell and of two; the last cell is background."""
    told = replace(
        targets(row(0, 0, 0, 0), torch.tensor([[0, 0, 0, 0], [0, 0, 0, 1]])), inside=row(1, 0.5, 0.5, 0)
    )
    loss = inside_loss(row(logit(0.7), logit(0.6), logit(0.5), logit(0.2)), told)
    small = 0.3**2 * math.log(0.7)
    large = (0.4**2 * math.log(0.6) + 0.5**2 * math.log(0.5)) / 2
    behind = 0.1 * 0.2**2 * math.log(0.8)
    assert loss.item() == pytest.approx(-(small + large + behind) / 2, rel=1e-5)
    masked = replace(told, background=row(1, 1, 1, 0))
    assert inside_loss(row(0, 0, 0, 9), masked).item() == inside_loss(row(0, 0, 0, -9), masked).item()


def test_stacks_are_averaged() -> None:
    told = targets(row(1, 0), torch.tensor([[0, 0, 0, 0]]))
    plan = plan_for("tiny")
    one, other = maps_of(row(0, 0)), maps_of(row(2, -2))
    both = centernet_loss([one, other], told, plan)["loss"]
    apart = [centernet_loss([m], told, plan)["loss"] for m in (one, other)]
    assert both.item() == pytest.approx((apart[0] + apart[1]).item() / 2)


def test_a_volume_without_lesions_gives_a_finite_loss() -> None:
    terms = centernet_loss([maps_of(row(0, 0))], targets(row(0, 0)), plan_for("tiny"))
    assert terms["loss"].item() == pytest.approx(2 * 0.25 * math.log(2))
    assert terms["size"].item() == 0
