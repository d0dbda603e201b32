"""What a step of CenterNet's training is made of: augmented samples and their targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from detector.centernet.losses import centernet_loss
from detector.centernet.plan import Axes, CenterNetPlan
from detector.centernet.samples import SampleStore
from detector.centernet.targets import Targets, in_slices, make_targets
from detector.centernet.views import Views, ViewStream


@dataclass(frozen=True, slots=True)
class Batch:
    views: Views
    targets: Targets


class CenterNetTask:
    """detector.training.task.Task of the views that a plan asks for."""

    def __init__(self, store: SampleStore, plan: CenterNetPlan) -> None:
        self._stream = ViewStream(store, plan)
        self._plan = plan

    def size(self, step: int) -> int:
        return self._stream.size(step)

    def batch(self, step: int, which: range) -> Batch:
        plan = self._plan
        views, marks = self._stream.views(step, which)
        shape = views.shape_zyx
        if plan.planar:
            marks = [in_slices(m, shape[0]) for m in marks]
        heatmap: Axes = tuple(n // s for n, s in zip(shape, plan.stride_zyx, strict=True))  # type: ignore[assignment]
        return Batch(views, make_targets(marks, heatmap, plan.stride_zyx, kernel_in=plan.gaussian))

    def count(self, batch: Batch) -> float:
        """Positives: the losses are divided by them."""
        return len(batch.targets.centres)

    def loss(self, model: nn.Module, batch: Batch, count: float) -> Mapping[str, Tensor]:
        return centernet_loss(model(batch.views.seen()), batch.targets, self._plan, count=count)
