"""The network and its plan: sizes by configuration alone, shapes that do not halve evenly."""

from __future__ import annotations

import pytest
import torch

from detector.centernet.network import CenterNet3D
from detector.centernet.plan import SIZES, parse_plan, plan_for
from detector.errors import PlanError


def parameters_in_millions(size: str) -> float:
    with torch.device("meta"):
        network = CenterNet3D(plan_for(size))
    return sum(p.numel() for p in network.parameters()) / 1e6


@pytest.mark.parametrize(
    ("size", "low", "high"),
    [("tiny", 0.1, 0.4), ("small", 1, 4), ("slim32", 7, 11), ("slim64", 34, 37), ("hourglass104", 565, 573)],
)
def test_each_size_has_the_parameters_it_is_known_for(size: str, low: float, high: float) -> None:
    assert low < parameters_in_millions(size) < high


def test_every_size_is_checked_above() -> None:
    assert set(SIZES) == {"tiny", "small", "slim32", "slim64", "hourglass104"}


@pytest.mark.parametrize("stride", [(2, 4, 4), (4, 4, 4), (1, 2, 4)])
def test_maps_have_the_planned_shape_on_axes_that_all_differ(stride: tuple[int, int, int]) -> None:
    plan = plan_for("tiny", {"input_zyx": (12, 44, 28), "stride_zyx": stride})
    maps = CenterNet3D(plan)(torch.zeros(2, 1, 12, 44, 28))
    assert len(maps) == plan.stacks
    assert maps[0].heatmap.shape == (2, 1, *plan.heatmap_zyx)
    assert maps[0].size.shape == maps[0].offset.shape == (2, 3, *plan.heatmap_zyx)


def test_stacked_hourglasses_all_teach_and_the_last_decides() -> None:
    plan = plan_for("tiny", {"input_zyx": (8, 16, 24), "stacks": 2})
    network = CenterNet3D(plan)
    assert len(network(torch.zeros(1, 1, 8, 16, 24))) == 2
    assert len(network.eval()(torch.zeros(1, 1, 8, 16, 24))) == 1


def test_an_untrained_heatmap_starts_near_a_tenth() -> None:
    torch.manual_seed(0)
    plan = plan_for("tiny")
    heat = CenterNet3D(plan)(torch.zeros(1, 1, *plan.input_zyx))[0].heatmap.sigmoid()
    assert 0.05 < float(heat.detach().mean()) < 0.2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"stride_zyx": (3, 4, 4)}, "stride_zyx"),
        ({"input_zyx": (15, 64, 64)}, "input_zyx"),
        ({"modules": (1, 1)}, "modules"),
        ({"learning_rate": 1}, "learning_rate"),
        ({"steps": 0}, "steps"),
        ({"hu_window": (250, -150)}, "hu_window"),
    ],
)
def test_a_plan_that_cannot_work_is_refused_by_the_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(PlanError, match=field):
        plan_for("tiny", changes)


def test_an_unknown_size_names_the_known_ones() -> None:
    with pytest.raises(PlanError, match="tiny, small"):
        plan_for("huge")


def test_a_plan_survives_json() -> None:
    plan = plan_for("slim64", {"seed": 7})
    assert parse_plan(plan.model_dump(mode="json")) == plan
