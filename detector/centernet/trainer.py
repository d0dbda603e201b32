"""Training of CenterNet-3D from a case list to a weights file."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from detector.centernet.augmentation import change_intensity, draw_crop, draw_move, move_images
from detector.centernet.detector import FAMILY_NAME, CenterNetDetector, load_into
from detector.centernet.losses import centernet_loss
from detector.centernet.network import CenterNet3D
from detector.centernet.plan import Axes, CenterNetPlan, plan_for
from detector.centernet.samples import SampleStore, build_samples
from detector.centernet.targets import Targets, make_targets
from detector.contracts import Progress, TrainingResult
from detector.data.cases import read_cases
from detector.errors import TrainingError
from detector.evaluation.report import evaluate_detector
from detector.training.loop import LoopSettings, run_loop, seed_everything
from detector.weights import save_weights

WEIGHTS_NAME = "weights.safetensors"
Batch = tuple[Tensor, Targets]


def batches(store: SampleStore, plan: CenterNetPlan, seed: int) -> Iterator[Batch]:
    """Augmented batches without end: every sample once, in a new order, before any comes again."""
    rng = np.random.default_rng(seed)
    waiting: list[int] = []
    for step in itertools.count():
        crop = plan.crop_zyx if step < plan.crop_share * plan.steps else None
        shape, size = (crop, plan.crop_batch) if crop else (plan.input_zyx, plan.batch)
        while len(waiting) < size:
            waiting.extend(rng.permutation(len(store.marks)).tolist())
        chosen, waiting = waiting[:size], waiting[size:]
        images = torch.from_numpy(np.stack([store.images[i] for i in chosen])[:, None].astype(np.float32))
        marks = [store.marks[i] for i in chosen]
        moves = [draw_crop(rng, plan, crop, m) if crop else draw_move(rng, plan) for m in marks]
        moved = change_intensity(move_images(images, moves, shape), rng)
        heatmap: Axes = tuple(n // s for n, s in zip(shape, plan.stride_zyx, strict=True))  # type: ignore[assignment]
        told = [move.marks(m) for move, m in zip(moves, marks, strict=True)]
        yield moved, make_targets(told, heatmap, plan.stride_zyx)


class CenterNetTrainer:
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
        """Writes `out`/weights.safetensors (fp16, moving average) and judges it on the gold cases.

        Raises:
            TrainingError: no case, no positive mark, a loss that is not finite, or too little memory.
            PlanError: an unknown size or field, or initial weights that do not fit.
        """
        plan = plan_for(size, overrides)
        case_list = read_cases(cases)
        if not case_list:
            raise TrainingError("The case list is empty.", remedy="Release at least one study with a lesion.")
        gold_list = read_cases(gold) if gold else []
        seed_everything(plan.seed)
        network = CenterNet3D(plan)
        if initial_weights:
            load_into(network, initial_weights)
        weights = out / WEIGHTS_NAME
        on_progress(Progress(0, plan.steps, {}, f"reading {len(case_list)} studies"))
        with tempfile.TemporaryDirectory(dir=out, prefix="samples-") as folder:
            store = build_samples(case_list, plan, Path(folder) / "samples.npy")
            averaged = self._fit(network, store, plan, weights, on_progress)
        save_weights(weights, averaged.state_dict(), plan.model_dump(mode="json"), FAMILY_NAME)
        metrics: dict[str, Any] = {
            "train_studies": len(case_list),
            "train_samples": len(store.marks),
            "train_positives": store.positives,
        }
        if gold_list:
            on_progress(Progress(plan.steps, plan.steps, {}, f"judging {len(gold_list)} gold studies"))
            metrics |= evaluate_detector(CenterNetDetector(averaged, plan), gold_list)  # type: ignore[arg-type]
        return TrainingResult(weights, metrics)

    @staticmethod
    def _fit(
        network: CenterNet3D,
        store: SampleStore,
        plan: CenterNetPlan,
        weights: Path,
        on_progress: Callable[[Progress], None],
    ) -> nn.Module:
        def loss(model: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
            images, targets = batch
            return centernet_loss(model(images), targets, plan)

        def checkpoint(step: int, averaged: nn.Module) -> None:
            path = weights.with_name(f"checkpoint-{step}.safetensors")
            save_weights(path, averaged.state_dict(), plan.model_dump(mode="json"), FAMILY_NAME)

        settings = LoopSettings(
            steps=plan.steps,
            lr=plan.lr,
            weight_decay=plan.weight_decay,
            warmup=plan.warmup,
            ema_decay=plan.ema_decay,
            checkpoint_every=plan.checkpoint_every,
        )
        return run_loop(
            network,
            batches(store, plan, plan.seed),
            loss,
            settings,
            on_progress=on_progress,
            on_checkpoint=checkpoint,
        )
