"""Trains the liver network on a case list and judges it on the gold list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from detector.contracts import Progress, TrainingResult
from detector.data.cases import read_cases
from detector.evaluation.segmentation import evaluate_segmenter
from detector.liver.config import FAMILY_NAME, make_plan
from detector.liver.network import make_network
from detector.liver.samples import build_samples, read_samples
from detector.liver.segmenter import UNetLiverSegmenter
from detector.liver.task import LiverTask
from detector.training.fit import fit, kept_samples, training_key
from detector.training.loop import seed_everything
from detector.weights import load_into


class LiverTrainer:
    """The Trainer of the family: see detector.contracts.Trainer."""

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
        """Writes `out`/weights.safetensors (fp16, moving average) and judges it on the gold cases that have a
        liver mask (evaluation.segmentation.evaluate_segmenter).

        Cases without a liver mask teach nothing; marks are not looked at.

        Raises:
            TrainingError: no liver mask, a loss that is not finite, or too little memory.
            PlanError: an unknown size or field, or initial weights that do not fit.
        """
        plan = make_plan(size, overrides)
        case_list = read_cases(cases)
        gold_list = [c for c in read_cases(gold) if c.liver] if gold else []
        seed_everything(plan.seed)
        network = make_network(plan)
        if initial_weights:
            load_into(network, initial_weights, FAMILY_NAME)
        on_progress(Progress(0, plan.steps, {}, f"reading {len(case_list)} studies"))
        key = training_key(FAMILY_NAME, plan, cases, initial_weights)
        samples = kept_samples(out, key, lambda folder: build_samples(case_list, plan, folder), read_samples)
        averaged, weights = fit(
            network,
            LiverTask(samples, plan),
            out=out,
            plan=plan,
            family=FAMILY_NAME,
            key=key,
            on_progress=on_progress,
        )
        metrics: dict[str, Any] = {
            "train_studies": sum(c.liver is not None for c in case_list),
            "train_samples": len(samples),
        }
        if gold_list:
            on_progress(Progress(plan.steps, plan.steps, {}, f"judging {len(gold_list)} gold studies"))
            metrics |= evaluate_segmenter(UNetLiverSegmenter(averaged, plan), gold_list)
        return TrainingResult(weights, metrics)
