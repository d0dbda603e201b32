"""Trains SaDT, or a system it is compared with, on a case list and judges it on the gold list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from detector.contracts import Progress, TrainingResult
from detector.data.cases import read_cases
from detector.data.folds import folds_by_subject
from detector.errors import TrainingError
from detector.evaluation.calibration import calibration_error, fit_temperature
from detector.evaluation.classification import classification_report
from detector.hardware import world
from detector.sadt.classes import CLASSES
from detector.sadt.config import SadtPlan, make_plan
from detector.sadt.ensemble import Ensemble, Floats, answered, build_ensemble, logits_of
from detector.sadt.losses import class_weights
from detector.sadt.pretrained import start_from
from detector.sadt.samples import BOX_JITTER, LesionSample, load_samples
from detector.sadt.task import SadtTask
from detector.training.fit import WEIGHTS_NAME, fit, training_key
from detector.training.leftovers import FOLD_NAME
from detector.training.loop import seed_everything
from detector.weights import save_weights


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


def held_out(samples: Sequence[LesionSample], plan: SadtPlan) -> list[list[int]]:
    """For each network of the plan which samples it does not learn from: its fold of the patients; of a
    single network the calibration share, or none where that would be too few.

    Raises:
        TrainingError: fewer patients than folds.
    """
    subjects, labels = [s.subject for s in samples], [s.label for s in samples]
    patients = len(set(subjects))
    if plan.folds > 1:
        if patients < plan.folds:
            raise TrainingError(
                f"{plan.folds} folds need as many patients; there are {patients}.", remedy="Take fewer folds."
            )
        fold = folds_by_subject(subjects, labels, plan.folds, seed=plan.seed)
        return [[i for i, f in enumerate(fold) if f == k] for k in range(plan.folds)]
    if len(samples) * plan.calibration_share < plan.least_for_calibration:
        return [[]]
    parts = min(patients, round(1 / plan.calibration_share))
    fold = folds_by_subject(subjects, labels, parts, seed=plan.seed)
    return [[i for i, f in enumerate(fold) if f == 0]]


def calibrate(logits: Sequence[Floats], held: Sequence[LesionSample], plan: SadtPlan) -> dict[str, Any]:
    """{"lesions", "temperature"} of lesions that no network learnt from, and the calibration error there
    "before" (after it, it would be judged where it was found); the temperature is null of too few."""
    found: dict[str, Any] = {"lesions": len(held), "temperature": None}
    if len(held) < plan.least_for_calibration:
        return found
    scores, labels = np.concatenate(logits), np.array([s.label for s in held])
    before = calibration_error(answered(scores[None], plan, "probability"), labels, [s.subject for s in held])
    return found | {"temperature": fit_temperature(scores, labels), "before": before}


def judge(networks: Ensemble, plan: SadtPlan, gold: Sequence[LesionSample]) -> dict[str, Any]:
    """{"accuracy", "mean_f1", "f1": {class: ...}, "calibration_error"}, each with a 95 % bootstrap interval
    over subjects; the lesion boxes are the gold list's own (manual ROI). Of several networks the same
    "by_answer", too."""
    truth, subjects = [s.label for s in gold], [s.subject for s in gold]
    logits = np.stack([logits_of(network, gold) for network in networks])

    def report(how: str) -> dict[str, Any]:
        shares = answered(logits, plan, how)
        said = [CLASSES[i] for i in shares.argmax(axis=1)]
        figures = classification_report([CLASSES[t] for t in truth], said, subjects, CLASSES)
        return {**figures, "calibration_error": calibration_error(shares, truth, subjects)}

    if plan.folds == 1:
        return report(plan.answer)
    by_answer = {how: report(how) for how in ("probability", "vote")}
    return {**by_answer[plan.answer], "by_answer": by_answer}


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

        Metrics: "lesions_by_class", "calibration", "started_from" (random weights, a model, or an encoder);
        with a gold list what `judge` says, and "gold_lesions".

        Raises:
            TrainingError: too few lesions, classes or patients, a loss that is not finite, out of memory,
                stopped.
            PlanError: a size, case list, override or initial weights that do not fit.
        """
        plan = make_plan(size, overrides, system=self.system)
        gold_cases = read_cases(gold) if gold else []
        case_list = read_cases(cases)
        steps = plan.steps * plan.folds
        on_progress(Progress(0, steps, {}, f"reading {len(case_list)} studies"))
        samples = load_samples(case_list, plan, slices=plan.training_slices, jitter=BOX_JITTER)
        counts = count_classes(samples)
        check_counts(counts, plan.min_lesions_per_class)
        left_out = held_out(samples, plan)

        seed_everything(plan.seed)
        networks = build_ensemble(plan)
        started = start_from(networks, initial_weights, self.system)
        weights_of_classes = class_weights(list(counts.values()), plan.weighting)
        key = training_key(self.system, plan, cases, initial_weights)
        trained, logits = [], []
        for fold, (network, held) in enumerate(zip(networks, left_out, strict=True)):
            learnt = [s for i, s in enumerate(samples) if i not in set(held)]
            averaged, _ = fit(
                network,
                SadtTask(learnt, plan, weights_of_classes),
                out=out / f"{FOLD_NAME}{fold + 1}" if plan.folds > 1 else out,
                plan=plan,
                family=self.system,
                key=key,
                on_progress=_of_fold(fold, plan, on_progress),
            )
            trained.append(averaged)
            logits.append(logits_of(averaged, [samples[i] for i in held]))
        calibration = calibrate(logits, [samples[i] for held in left_out for i in held], plan)
        plan = plan.model_copy(update={"temperature": calibration["temperature"]})
        together, weights = Ensemble(trained), out / WEIGHTS_NAME
        if world().first:
            save_weights(weights, together.tensors(), plan.model_dump(mode="json"), self.system)
        world().wait()
        metrics: dict[str, Any] = {
            "lesions_by_class": counts,
            "calibration": calibration,
            "started_from": started,
        }
        if gold_cases:
            on_progress(Progress(steps, steps, {}, f"judging {len(gold_cases)} gold studies"))
            judged = load_samples(gold_cases, plan, slices=1)
            metrics |= {**judge(together, plan, judged), "gold_lesions": count_classes(judged)}
        return TrainingResult(weights, metrics)


def _of_fold(fold: int, plan: SadtPlan, tell: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Reports of one network of several as those of all of them."""

    def told(report: Progress) -> None:
        message = f"fold {fold + 1} of {plan.folds}: {report.message}" if plan.folds > 1 else report.message
        tell(Progress(fold * plan.steps + report.step, plan.folds * plan.steps, report.values, message))

    return told
