"""A first detector from an archive without a mark: synthetic lesions in its own livers teach it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from detector.centernet.plan import plan_for
from detector.contracts import Progress
from detector.data.cases import Case, read_cases, write_cases
from detector.data.folds import folds_by_subject
from detector.errors import PlanError
from detector.evaluation.report import evaluate_detector
from detector.phantom.inserted_cases import CASES_NAME, write_inserted_cases
from detector.registry import family
from detector.training.fit import kept_samples
from detector.training.leftovers import INSERTED_NAME, drop_inserted
from detector.training.loop import stop_on_sigterm
from detector.training.progress import ProgressWriter
from detector.training.run import told_where_it_cannot_write, train, write_result
from detector.weights import load_state, sha256

FAMILY = "centernet3d"
HELD_OUT = 5  # every so many patients are judged on, and not learnt from
FEWEST_TO_JUDGE = 10


def choose(cases: Sequence[Case], studies: int, seed: int) -> list[Case]:
    """At most `studies` with a liver, drawn at random, in the list's order."""
    usable = [case for case in cases if case.liver]
    rng = np.random.default_rng(seed)
    kept = sorted(rng.permutation(len(usable))[:studies].tolist())
    return [usable[i] for i in kept]


def split(cases: Sequence[Case], seed: int) -> tuple[list[Case], list[Case]]:
    """(to learn from, to judge on), by patient; none to judge on where they are few."""
    subjects = [case.subject for case in cases]
    if len(set(subjects)) < FEWEST_TO_JUDGE:
        return list(cases), []
    folds = folds_by_subject(subjects, [0] * len(cases), HELD_OUT, seed=seed)
    return (
        [case for case, fold in zip(cases, folds, strict=True) if fold],
        [case for case, fold in zip(cases, folds, strict=True) if not fold],
    )


def cold_start(
    cases: Path,
    out: Path,
    *,
    size: str,
    overrides: Mapping[str, Any] | None = None,
    gold: Path | None = None,
    initial_weights: Path | None = None,
    studies: int = 60,
    copies: int = 2,
    clean: bool = True,
    seed: int = 0,
) -> dict[str, Any]:
    """Inserts lesions, trains and returns what it wrote to `out`/result.json, as detector.training.run.train.

    A fifth of the patients is kept to be judged on, where there are ten or more; the figures are under
    "synthetic" among the metrics, for they say nothing about real lesions. Run again after a kill it goes on
    where it was; the studies with synthetic lesions are removed at the end.

    `clean` takes what is not marked for free of lesions: docs/decisions/0026-cold-start.md says why.

    Raises:
        PlanError: no usable study, or an unknown size or plan value.
        TrainingError: as training does.
    """
    chosen = choose(read_cases(cases), studies, seed)
    if not chosen:
        raise PlanError("No study has a liver to put lesions into.", remedy="Prepare the studies first.")
    # What is wrong is told before minutes of inserting.
    plan_for(size, overrides, family=FAMILY)
    if initial_weights:
        load_state(initial_weights, family=FAMILY)
    if gold:
        read_cases(gold)
    inserted = out / INSERTED_NAME
    key = json.dumps([sha256(cases), studies, copies, clean, seed])

    def insert(folder: Path) -> None:
        tell = ProgressWriter(out / "progress.jsonl", append=True)
        write_inserted_cases(
            chosen,
            folder,
            copies=copies,
            clean=clean,
            seed=seed,
            tell=lambda done, line: tell(
                Progress(0, 1, {}, f"lesions put into {done} of {len(chosen)} studies")
            ),
        )

    with told_where_it_cannot_write():
        with stop_on_sigterm():
            made = kept_samples(
                out, key, insert, lambda folder: read_cases(folder / CASES_NAME), name=INSERTED_NAME
            )
        learn, judge = split(made, seed)
        write_cases(learn, inserted / "learn.json")
    result = train(
        FAMILY,
        inserted / "learn.json",
        out,
        size=size,
        overrides={"seed": seed, **(overrides or {})},
        gold=gold,
        initial_weights=initial_weights,
        resume=True,
    )
    figures: dict[str, Any] = {"inserted_into": len(chosen), "judged_on": len(judge)}
    if judge:
        figures |= evaluate_detector(family(FAMILY).load(out / result["weights"]), judge)
    result["metrics"] = {**result["metrics"], "synthetic": figures}
    with told_where_it_cannot_write():
        write_result(out, result)
    drop_inserted(out)
    return result
