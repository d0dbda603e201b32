"""The methods by name: how each makes its network and its task, and finds boxes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from detector.centernet.decode import Scored
from detector.centernet.detector import CenterNetDetector
from detector.centernet.network import CenterNet3D
from detector.centernet.phases import detect_by_phase
from detector.centernet.plan import CenterNetPlan, plan_for
from detector.centernet.samples import SampleStore
from detector.centernet.task import CenterNetTask
from detector.centernet.views import ViewStream
from detector.contracts import Candidate, CandidateDetector, StudyImages
from tests.bench.rivals import retinanet, unet


@dataclass(frozen=True, slots=True)
class Method:
    """`plan` tells samples, views, steps and merging of all alike; the network only of CenterNet."""

    plan: Callable[..., CenterNetPlan]
    network: Callable[[CenterNetPlan, SampleStore], nn.Module]
    task: Callable[[CenterNetPlan, SampleStore], Any]
    detector: Callable[[nn.Module, CenterNetPlan], CandidateDetector]


class PhaseByPhase:
    """A CandidateDetector of a network that is not ours: phases and their merging as ours has them."""

    def __init__(
        self, model: nn.Module, plan: CenterNetPlan, boxes: Callable[[nn.Module, Tensor], list[list[Scored]]]
    ) -> None:
        self._model, self._plan, self._boxes = model.eval(), plan, boxes

    def detect(self, study: StudyImages) -> list[Candidate]:
        return detect_by_phase(study, self._plan, lambda images: self._boxes(self._model, images))


def _centernet(family: str, **fixed: Any) -> Method:
    return Method(
        lambda size, **changes: plan_for(size, {**fixed, **changes}, family=family),
        lambda plan, store: CenterNet3D(plan),
        lambda plan, store: CenterNetTask(store, plan),
        lambda model, plan: CenterNetDetector(model, plan),  # type: ignore[arg-type]
    )


def _shared_plan(size: str, **changes: Any) -> CenterNetPlan:
    return plan_for(size, changes)


METHODS: dict[str, Method] = {
    "centernet3d": _centernet("centernet3d"),
    # With the paper's losses alone: what is better in ours is part of what is compared.
    "centernet2d": _centernet("centernet2d", relative_size_weight=0, inside_weight=0),
    "retinanet": Method(
        _shared_plan,
        lambda plan, store: retinanet.network(retinanet.anchors_of(store), plan.top),
        lambda plan, store: retinanet.Task(ViewStream(store, plan)),
        lambda model, plan: PhaseByPhase(model, plan, retinanet.boxes),
    ),
    "unet": Method(
        _shared_plan,
        lambda plan, store: unet.network(),
        lambda plan, store: unet.Task(ViewStream(store, plan)),
        lambda model, plan: PhaseByPhase(model, plan, unet.boxes),
    ),
}
