"""Trains SaDT, or a system it is compared with, on a case list and judges it on the gold list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from detector.contracts import Progress, TrainingResult
from detector.data.cases import read_cases
from detector.errors import PlanError, TrainingError
from detector.evaluation.classification import classification_report
from detector.hardware import device_of
from detector.sadt.classes import CLASSES
from detector.sadt.config import make_plan
from detector.sadt.losses import class_weights
from detector.sadt.network import build_network
from detector.sadt.samples import BOX_JITTER, LesionSample, collate, load_samples
from detector.sadt.task import SadtTask
from detector.training.fit import fit, training_key
from detector.training.loop import LoopSettings, seed_everything
from detector.weights import load_state


def count_classes(samples: Sequence[LesionSample]) -> dict[str, int]:
    """Lesions by class, every class named."""
    return {name: sum(s.label == index for s in samples) for index, name in enumerate(CLASSES)}


def check_counts(counts: Mapping[str, int], needed: int) -> None:
    """Raises TrainingError where fewer than two classes have `needed` lesions; says what is there."""
    if sum(n >= needed for n in counts.values()) < 2:
        have = ", ".join(f"{name} {n}" for name, n in counts.items())
        raise TrainingError(
            f"Too few lesions with a class: {have}.",
            remedy=f"At least two classes need {needed} lesions each: judge more studies, or give them their "
            "pathology class.",
            details={"lesions_by_class": dict(counts), "needed": needed},
        )


@torch.inference_mode()
def predict(network: nn.Module, samples: Sequence[LesionSample]) -> list[str]:
    """The class of each lesion on its first slice, which is its largest."""
    network.eval()
    device = device_of(network)
    said = []
    for sample in samples:
        batch = collate([sample.images[0].astype(np.float32)], [sample.masks[0]], [sample.label])
        said.append(CLASSES[int(network(batch.images.to(device), batch.masks.to(device))[0].argmax())])
    return said


def judge(network: nn.Module, gold: Sequence[LesionSample]) -> dict[str, Any]:
    """{"accuracy", "mean_f1", "f1": {class: ...}}, each with a 95 % bootstrap interval over subjects; the
    lesion boxes are the gold list's own (manual ROI)."""
    truth = [CLASSES[s.label] for s in gold]
    return dict(classification_report(truth, predict(network, gold), [s.subject for s in gold], CLASSES))


def initialise(network: nn.Module, weights: Path, system: str) -> None:
    """Loads a former version's tensors; raises PlanError where they are of another network."""
    try:
        network.load_state_dict(load_state(weights, family=system))
    except RuntimeError as error:
        raise PlanError(
            "The initial weights are of another network.", remedy="Take the size they were trained with."
        ) from error


class SadtTrainer:
    """detector.contracts.Trainer of one of the systems: focal loss, class weights, one lesion a study."""

    def __init__(self, system: str) -> None:
        self.system = system

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
        """Trains on the largest primary lesion of each study and writes `out`/weights.safetensors.

        Metrics: "lesions_by_class"; and with a gold list "accuracy", "mean_f1", "f1" and "gold_lesions".

        Raises:
            TrainingError: too few lesions or classes, a loss that is not finite, out of memory, stopped.
            PlanError: a size, case list, override or initial weights that do not fit.
        """
        plan = make_plan(size, overrides, system=self.system)
        gold_cases = read_cases(gold) if gold else []
        case_list = read_cases(cases)
        on_progress(Progress(0, plan.steps, {}, f"reading {len(case_list)} studies"))
        samples = load_samples(case_list, plan, slices=plan.training_slices, jitter=BOX_JITTER)
        counts = count_classes(samples)
        check_counts(counts, plan.min_lesions_per_class)

        seed_everything(plan.seed)
        network = build_network(plan)
        if initial_weights:
            initialise(network, initial_weights, self.system)
        averaged, weights = fit(
            network,
            SadtTask(samples, plan, class_weights(list(counts.values()), plan.weighting)),
            LoopSettings(
                steps=plan.steps, lr=plan.lr, weight_decay=plan.weight_decay, ema_decay=plan.ema_decay
            ),
            out=out,
            plan=plan,
            family=self.system,
            key=training_key(self.system, plan, cases, initial_weights),
            on_progress=on_progress,
        )
        metrics: dict[str, Any] = {"lesions_by_class": counts}
        if gold_cases:
            on_progress(Progress(plan.steps, plan.steps, {}, f"judging {len(gold_cases)} gold studies"))
            judged = load_samples(gold_cases, plan, slices=1)
            metrics |= {**judge(averaged, judged), "gold_lesions": count_classes(judged)}
        return TrainingResult(weights, metrics)
