"""Trains the key slice filter on a case list and judges it on the gold list."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from detector.contracts import KeySlice, Progress, StudyImages, TrainingResult
from detector.data.cases import Case, read_cases
from detector.data.images import load_case
from detector.errors import TrainingError
from detector.evaluation.bootstrap import mean_estimate
from detector.evaluation.classification import classification_report
from detector.geometry import Box3D
from detector.keyslice.config import FAMILY_NAME, KeySlicePlan, make_plan
from detector.keyslice.filter import SegmentingKeySliceFilter
from detector.keyslice.network import KeySliceNetwork
from detector.keyslice.samples import (
    MARGIN_PIXELS,
    Samples,
    is_primary,
    random_liver_boxes,
    slabs_of,
    views_of,
)
from detector.keyslice.select import PRIMARY_THRESHOLD
from detector.keyslice.task import KeySliceTask
from detector.training.fit import fit, training_key
from detector.training.loop import seed_everything
from detector.weights import load_into

NEEDED = 2  # of each kind; fewer cannot even be told apart from one odd study
LABELS = ("not_primary", "primary")


def count_marks(cases: Sequence[Case]) -> tuple[int, int]:
    """How many marks are primary, and how many are not (ignored ones are neither)."""
    judged = [said for case in cases for m in case.marks if (said := is_primary(m)) is not None]
    return sum(judged), len(judged) - sum(judged)


class RandomNegatives:
    """Liver boxes that stand in for rejected candidates where a case list has fewer of them than primaries.

    They are drawn in complete studies alone: elsewhere an unmarked lesion could be under one.
    """

    def __init__(self, cases: Sequence[Case], seed: int) -> None:
        primary, negative = count_marks(cases)
        usable = sum(c.complete and c.liver is not None for c in cases)
        self.seed = seed
        self.per_study = math.ceil(max(0, primary - negative) / usable) if usable else 0
        self.sizes_mm = [m.box.size_mm for c in cases for m in c.marks if m.role == "positive"]

    def of(self, case: Case, study: StudyImages) -> list[Box3D]:
        if not case.complete:
            return []
        rng = np.random.default_rng([self.seed, *case.study.encode()])
        avoid = [m.box for m in case.marks]
        return random_liver_boxes(study, avoid, self.sizes_mm, self.per_study, rng)


def collect(cases: Sequence[Case], plan: KeySlicePlan) -> Samples:
    """Everything there is to learn from; each study is read once.

    Raises:
        TrainingError: fewer than two primary or two not primary boxes, random liver boxes included; of a plan
            that learns slices alone, no slice.
    """
    if plan.learns == "slices":
        return _slices_of(cases, plan)
    primary, negative = count_marks(cases)
    random = RandomNegatives(cases, plan.seed)
    samples, drawn = Samples(), 0
    if primary >= NEEDED:
        for case in cases:
            if not case.marks and not random.per_study:
                continue
            study = load_case(case)
            rng = np.random.default_rng([plan.seed, *case.study.encode()])
            extra = random.of(case, study)
            drawn += len(extra)
            samples.slabs += slabs_of(case, study, plan, rng)
            samples.views += views_of(
                case,
                study,
                plan,
                rng,
                views=plan.views_per_mark,
                jitter=plan.box_jitter,
                side=plan.view_side + 2 * MARGIN_PIXELS,
                extra=extra,
            )
    if primary < NEEDED or negative + drawn < NEEDED:
        raise TrainingError(
            f"Too few boxes to learn from: {primary} primary and {negative + drawn} not primary.",
            remedy=f"At least {NEEDED} of each are needed: judge more studies, or give them a liver mask so "
            "that liver boxes can stand in for rejected candidates.",
            details={"primary": primary, "not_primary": negative + drawn, "needed": NEEDED},
        )
    return samples


def _slices_of(cases: Sequence[Case], plan: KeySlicePlan) -> Samples:
    samples = Samples()
    for case in cases:
        if any(m.role != "ignored" for m in case.marks):
            rng = np.random.default_rng([plan.seed, *case.study.encode()])
            samples.slabs += slabs_of(case, load_case(case), plan, rng)
    if not any(slab.target.any() for slab in samples.slabs):
        raise TrainingError("No slice shows a marked lesion.", remedy="Mark at least one lesion.")
    return samples


@dataclass(frozen=True, slots=True)
class JudgedBox:
    """A gold box: whether it is a lesion and the primary one, what a filter said, and how far its key slice
    lies from the middle of the box."""

    box: Box3D
    lesion: bool
    primary: bool
    key: KeySlice
    offset_mm: float

    @property
    def said(self) -> bool:
        return self.key.primary_score >= PRIMARY_THRESHOLD


def judged_boxes(
    applied: SegmentingKeySliceFilter, case: Case, random: RandomNegatives
) -> Iterator[JudgedBox]:
    """What a filter says of a gold case's boxes, and of liver boxes that stand in for rejected ones."""
    study = load_case(case)
    boxes = [(m.box, s, m.role == "positive") for m in case.marks if (s := is_primary(m)) is not None]
    boxes += [(box, False, False) for box in random.of(case, study)]
    found = applied.key_slices(study, [box for box, _, _ in boxes])
    for (box, primary, lesion), key in zip(boxes, found, strict=True):
        z_mm = study.geometry.point_from_index((key.z_index, 0, 0))[2]
        yield JudgedBox(box, lesion, primary, key, abs(z_mm - box.centre_mm[2]))


def judge(applied: SegmentingKeySliceFilter, gold: Sequence[Case], seed: int) -> dict[str, Any]:
    """{"accuracy", "mean_f1", "f1": {label: ...}} of primary / not primary; of lesions "key_slice_offset_mm",
    the mean distance of the key slice from the middle of the box, and "area_agreement", the smaller share of
    the larger of the predicted and the ellipsoid's area on the middle slice, 0 where nothing is predicted (of
    which the offset says nothing, since the middle slice is then taken). 95 % intervals over subjects."""
    random = RandomNegatives(gold, seed)
    truth, said, subjects = [], [], []
    offsets_mm, agreements, owners = [], [], []
    for case in gold:
        for one in judged_boxes(applied, case, random):
            truth.append(LABELS[one.primary])
            said.append(LABELS[one.said])
            subjects.append(case.subject)
            if one.lesion:
                offsets_mm.append(one.offset_mm)
                agreements.append(_area_agreement(one.box, one.key))
                owners.append(case.subject)
    return {
        **classification_report(truth, said, subjects, LABELS),
        "key_slice_offset_mm": mean_estimate(offsets_mm, owners),
        "area_agreement": mean_estimate(agreements, owners),
    }


def _area_agreement(box: Box3D, key: KeySlice) -> float:
    """On the middle slice of the box, which cuts its ellipsoid through the middle, in [0, 1]."""
    true = math.pi / 4 * box.size_mm[0] * box.size_mm[1]
    predicted = key.areas_mm2[len(key.areas_mm2) // 2]
    return min(true, predicted) / max(true, predicted)


class KeySliceTrainer:
    """detector.contracts.Trainer of the key slice filter: both networks in one loop."""

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

        Marks teach as in detector.keyslice.samples.is_primary; boxes must be out-of-fold candidates or
        drawn ones. A plan that learns "slices" needs no primary marks and leaves first weights for one that
        learns both. Metrics: "train_views", and with a gold list those of `judge`.

        Raises:
            TrainingError: too few boxes, a loss that is not finite, too little memory, or stopped.
            PlanError: a size, case list, override or initial weights that do not fit.
        """
        plan = make_plan(size, overrides)
        case_list = read_cases(cases)
        gold_list = read_cases(gold) if gold else []
        seed_everything(plan.seed)
        network = KeySliceNetwork(plan)
        if initial_weights:
            load_into(network, initial_weights, FAMILY_NAME)
        on_progress(Progress(0, plan.steps, {}, f"reading {len(case_list)} studies"))
        samples = collect(case_list, plan)
        averaged, weights = fit(
            network,
            KeySliceTask(samples, plan),
            out=out,
            plan=plan,
            family=FAMILY_NAME,
            key=training_key(FAMILY_NAME, plan, cases, initial_weights),
            on_progress=on_progress,
        )
        primary = sum(v.primary for v in samples.views)
        metrics: dict[str, Any] = {
            "train_views": {"primary": primary, "not_primary": len(samples.views) - primary}
        }
        if gold_list and plan.learns == "both":
            on_progress(Progress(plan.steps, plan.steps, {}, f"judging {len(gold_list)} gold studies"))
            metrics |= judge(SegmentingKeySliceFilter(averaged, plan), gold_list, plan.seed)
        return TrainingResult(weights, metrics)
