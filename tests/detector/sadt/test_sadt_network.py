"""The encoding is the paper's formula, pools over the lesion alone, and knows a missing phase from zeros."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from detector.errors import ShapeError
from detector.sadt.config import make_plan
from detector.sadt.encoding import Encoding, encode, lesion_cells
from detector.sadt.losses import class_weights, focal_loss
from detector.sadt.network import Sadt


def naive(features: Tensor, codewords: Tensor, smoothing: Tensor, delta: Tensor) -> Tensor:
    """The formula word for word, with the whole (B, N, K, D) tensor of residuals."""
    residuals = features[:, :, None, :] - codewords[None, None]
    assignment = torch.softmax(-smoothing * residuals.square().sum(-1), dim=-1)
    return (delta[:, :, None, None] * assignment[..., None] * residuals).sum(1)


@pytest.mark.parametrize("offset", [0.0, 30.0])
def test_encoding_and_its_gradients_equal_the_formula_word_for_word(offset: float) -> None:
    generator = torch.Generator().manual_seed(3)
    make = [
        torch.randn(2, 20, 6, generator=generator, dtype=torch.float64) + offset,
        torch.randn(5, 6, generator=generator, dtype=torch.float64) + offset,
        torch.rand(5, generator=generator, dtype=torch.float64),
    ]
    delta = (torch.rand(2, 20, generator=generator) > 0.5).double()
    weight = torch.randn(2, 5, 6, generator=generator, dtype=torch.float64)
    results = []
    for form in (encode, naive):
        leaves = [t.clone().requires_grad_() for t in make]
        out = form(*leaves, delta)
        (out * weight).sum().backward()
        results.append([out.detach(), *(leaf.grad for leaf in leaves)])
    for fast, slow in zip(*results, strict=True):
        torch.testing.assert_close(fast, slow, rtol=1e-8, atol=1e-8)


def test_encoding_stays_in_single_precision_under_autocast() -> None:
    torch.manual_seed(0)
    layer = Encoding(channels=8, codewords=4)
    features, mask = torch.randn(1, 8, 6, 6) + 30, torch.ones(1, 24, 24, dtype=torch.bool)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = layer(features, mask)
    assert mixed.dtype == torch.float32
    torch.testing.assert_close(mixed, layer(features, mask))


def test_an_empty_mask_pools_over_everything() -> None:
    cells = lesion_cells(torch.zeros(2, 32, 32, dtype=torch.bool), (4, 4))
    assert torch.equal(cells, torch.ones(2, 4, 4))


def test_a_lesion_of_one_pixel_keeps_exactly_one_cell() -> None:
    mask = torch.zeros(1, 64, 64, dtype=torch.bool)
    mask[0, 37, 20] = True
    cells = lesion_cells(mask, (8, 8))
    assert cells.sum() == 1
    assert cells[0, 37 // 8, 20 // 8] == 1


def test_only_cells_of_the_lesion_reach_the_encoding() -> None:
    torch.manual_seed(1)
    layer = Encoding(channels=4, codewords=3)
    features = torch.randn(1, 4, 8, 8)
    mask = torch.zeros(1, 8, 8, dtype=torch.bool)
    mask[0, 2:4, 2:4] = True
    changed = features.clone()
    changed[:, :, 5:, 5:] += 10
    assert torch.equal(layer(features, mask), layer(changed, mask))
    changed[:, :, 2, 2] += 10
    assert not torch.equal(layer(features, mask), layer(changed, mask))


def test_a_missing_phase_is_not_a_phase_of_zeros() -> None:
    torch.manual_seed(0)
    network = Sadt(make_plan("tiny")).eval()
    mask = torch.ones(1, 64, 64, dtype=torch.bool)
    zeros = torch.rand(1, 8, 64, 64)
    zeros[:, 4:] = 1
    zeros[:, 1] = 0  # arterial: there, and zero everywhere
    missing = zeros.clone()
    missing[:, 5] = 0  # arterial: not there
    assert not torch.allclose(network(zeros, mask), network(missing, mask))


def test_channels_that_do_not_fit_the_plan_are_refused_by_name() -> None:
    with pytest.raises(ShapeError, match="8 channels"):
        Sadt(make_plan("tiny"))(torch.zeros(1, 4, 64, 64), torch.ones(1, 64, 64))


def test_every_size_gives_four_finite_logits() -> None:
    for size, side in (("tiny", 64), ("small", 128), ("resnet50", 64)):
        network = Sadt(make_plan(size)).eval()
        with torch.inference_mode():
            logits = network(torch.zeros(2, 8, side, side), torch.ones(2, side, side))
        assert logits.shape == (2, 4)
        assert logits.isfinite().all()


def test_focal_loss_by_hand() -> None:
    logits = torch.log(torch.tensor([[0.7, 0.1, 0.1, 0.1], [0.2, 0.4, 0.2, 0.2]]))
    weights = torch.tensor([2.0, 1.0, 1.0, 1.0])
    expected = (-2 * 0.3**2 * np.log(0.7) - 0.6**2 * np.log(0.4)) / 2
    assert focal_loss(logits, torch.tensor([0, 1]), weights).item() == pytest.approx(expected, rel=1e-5)


def test_the_rarer_class_weighs_more_and_an_absent_one_nothing() -> None:
    weights = class_weights([921, 4, 0, 74], "effective_number")
    assert weights[1] > weights[3] > weights[0] > 0
    assert weights[2] == 0
    assert weights[weights > 0].mean().item() == pytest.approx(1)


def test_paper_weights_are_as_printed() -> None:
    assert class_weights([1, 1, 1, 1], "paper").tolist() == [5, 1, 2, 1]
