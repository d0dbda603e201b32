"""A step of CenterNet-3D is the same step whoever takes which part of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.centernet.network import CenterNet3D
from detector.centernet.plan import plan_for
from detector.centernet.samples import SampleStore
from detector.centernet.targets import SampleMarks
from detector.centernet.task import CenterNetTask

PLAN = plan_for(
    "tiny",
    {
        "input_zyx": (8, 32, 40), "dims": (12, 16), "modules": (1, 1), "stem": 6, "head": 12, "batch": 5,
        "crop_zyx": (4, 16, 24), "crop_batch": 6, "crop_share": 0.5, "steps": 10,
    },
)  # fmt: skip
NONE = np.zeros((0, 6))


def store(samples: int = 7) -> SampleStore:
    rng = np.random.default_rng(1)
    images = rng.uniform(-1, 1, (samples, *PLAN.input_zyx)).astype(np.float16)
    boxes = [np.array([[2.0, 8, 8, 5, 16, 16 + n]]) if n else NONE for n in range(samples)]
    return SampleStore(images, tuple(SampleMarks(b, NONE, NONE, (5.0, 2.0, 2.0)) for b in boxes))


@given(step=st.integers(0, 9), cut=st.integers(1, 4))
@settings(max_examples=12, deadline=None)
def test_the_parts_of_a_step_add_up_to_it(step: int, cut: int) -> None:
    task = CenterNetTask(store(), PLAN)
    torch.manual_seed(0)
    network = CenterNet3D(PLAN)
    size = task.size(step)
    whole = task.batch(step, range(size))
    parts = [task.batch(step, range(cut)), task.batch(step, range(cut, size))]
    torch.testing.assert_close(torch.cat([p.views.seen() for p in parts]), whole.views.seen())
    count = task.count(whole)
    assert sum(task.count(p) for p in parts) == count
    losses = [task.loss(network, p, count) for p in parts]
    for name, value in task.loss(network, whole, count).items():
        torch.testing.assert_close(losses[0][name] + losses[1][name], value)


def test_crops_come_first_and_whole_inputs_after() -> None:
    task = CenterNetTask(store(), PLAN)
    assert [task.size(s) for s in range(10)] == [6] * 5 + [5] * 5
    assert task.batch(4, range(2)).views.seen().shape == (2, 1, 4, 16, 24)
    assert task.batch(5, range(2)).views.seen().shape == (2, 1, 8, 32, 40)


def test_every_sample_comes_once_before_any_comes_again() -> None:
    """Over the change from crops to whole inputs too."""
    samples = 7
    held = store(samples)
    held.images[:] = np.arange(samples)[:, None, None, None] / 8
    task = CenterNetTask(held, PLAN)
    batches = [task.batch(step, range(task.size(step))) for step in range(10)]
    came = torch.cat([b.views.images[:, 0, 0, 0, 0] * 8 for b in batches]).int().tolist()
    for first in range(0, len(came) - samples, samples):
        assert sorted(came[first : first + samples]) == list(range(samples))


def test_the_noise_is_each_sample_s_own() -> None:
    batch = CenterNetTask(store(), PLAN).batch(7, range(5))
    assert len(set(batch.views.exposure.noise_seed.tolist())) == 5
    torch.testing.assert_close(batch.views.seen(), batch.views.seen())


def test_a_plan_says_how_far_scanners_differ() -> None:
    """None of it leaves the sample as it is; softening takes sharpness and no brightness away."""
    held = store()
    held.images[:] = np.random.default_rng(0).uniform(-0.5, 0.5, held.images.shape)

    def seen(**changes: object) -> torch.Tensor:
        plan = PLAN.model_copy(
            update={"scale_range": (1.0, 1.0), "shift_share": 0.0, "crop_zyx": None, **changes}
        )
        return CenterNetTask(held, plan).batch(0, range(1)).views.seen()

    plain = seen(exposure=0.0)
    assert (seen(exposure=2.0) - plain).abs().mean() > 0.01
    soft = seen(exposure=0.0, soften=1.0)
    assert soft.std() < plain.std()
    assert float(soft.mean()) == pytest.approx(float(plain.mean()), abs=0.02)
