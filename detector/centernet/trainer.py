"""Training of CenterNet-3D from a case list to a weights file."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from torch import Tensor, nn

from detector.centernet.detector import CenterNetDetector
from detector.centernet.network import CenterNet3D
from detector.centernet.plan import CenterNetPlan, plan_for
from detector.centernet.samples import build_samples, read_samples
from detector.centernet.task import CenterNetTask
from detector.contracts import Progress, TrainingResult
from detector.data.cases import Case, read_cases
from detector.errors import TrainingError
from detector.evaluation.matching import HEADLINE_RULE, HIT_RULES, primary_hit
from detector.evaluation.report import DECODED_TOP, evaluate_detector, outcome_of
from detector.hardware import channels_last, choose_device
from detector.training.fit import fit, kept_samples, training_key
from detector.training.loop import seed_everything
from detector.weights import fill, load_state

LOOKED_AT = 10  # gold studies, while it trains


class CenterNetTrainer:
    """The Trainer of a family of detector.centernet.plan.FAMILIES: see detector.contracts.Trainer."""

    def __init__(self, family: str) -> None:
        self.family = family

    def train(
        self,
        cases: Path,
        out: Path,
        *,
        size: str,
        overrides: Mapping[str, Any],
        gold: Path | None,
        initial_weights: Path | None,
        on_progress: Callable[[Progress], None],
    ) -> TrainingResult:
        """Writes `out`/weights.safetensors (fp16, moving average) and judges it on the gold cases.

        Raises:
            TrainingError: no case, no positive mark, a loss that is not finite, or too little memory.
            PlanError: an unknown size or field, or initial weights that do not fit.
        """
        plan = plan_for(size, overrides, family=self.family)
        case_list = read_cases(cases)
        if not case_list:
            raise TrainingError("The case list is empty.", remedy="Release at least one study with a lesion.")
        gold_list = read_cases(gold) if gold else []
        seed_everything(plan.seed)
        network = CenterNet3D(plan)
        if initial_weights:
            _start_from(network, load_state(initial_weights, family=self.family))
        if plan.precision != "bf16":  # whose training it slows down
            channels_last(network, choose_device())
        on_progress(Progress(0, plan.steps, {}, f"reading {len(case_list)} studies"))
        key = training_key(self.family, plan, cases, initial_weights)
        store = kept_samples(out, key, lambda folder: build_samples(case_list, plan, folder), read_samples)
        averaged, weights = fit(
            network,
            CenterNetTask(store, plan),
            out=out,
            plan=plan,
            family=self.family,
            key=key,
            on_progress=on_progress,
            on_look=_looking(gold_list, plan) if gold_list else None,
        )
        metrics: dict[str, Any] = {
            "train_studies": len(case_list),
            "train_samples": len(store.marks),
            "train_positives": store.positives,
        }
        if gold_list:
            on_progress(Progress(plan.steps, plan.steps, {}, f"judging {len(gold_list)} gold studies"))
            metrics |= evaluate_detector(CenterNetDetector(averaged, plan), gold_list)
        return TrainingResult(weights, metrics)


def _looking(gold: Sequence[Case], plan: CenterNetPlan) -> Callable[[nn.Module], dict[str, float]]:
    """How a network on its way finds the primary lesions of a few gold studies: to be watched, for nothing is
    chosen by it."""

    def look(averaged: nn.Module) -> dict[str, float]:
        detector = CenterNetDetector(copy.deepcopy(cast(CenterNet3D, averaged)), plan)
        outcomes = [outcome_of(case, detector) for case in gold[:LOOKED_AT]]
        judged = [o for o in outcomes if any(o.primary)]
        rule = HIT_RULES[HEADLINE_RULE]
        tops = {"p1td_1": 1, "p1td_10": DECODED_TOP} if judged else {}
        return {
            name: sum(primary_hit(o, top, rule) for o in judged) / len(judged) for name, top in tops.items()
        }

    return look


def _start_from(network: CenterNet3D, tensors: Mapping[str, Tensor]) -> None:
    """First weights from a model that may have learnt without the head of what lies inside, or with it: that
    head speaks in training alone, so it is begun anew where it was not there, and dropped where it was."""
    own = network.state_dict()
    kept = {name: t for name, t in tensors.items() if ".inside." not in name or name in own}
    anew = {name: t for name, t in own.items() if ".inside." in name and name not in kept}
    fill(network, {**kept, **anew})
