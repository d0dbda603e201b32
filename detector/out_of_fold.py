"""A key slice filter learnt from candidates of detectors that had not seen the study they are in: a detector
shown its own training studies finds what it was taught, and teaches a filter to trust it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from detector.contracts import CandidateDetector, Progress
from detector.data.cases import Case, Mark, read_cases, write_cases
from detector.data.folds import folds_by_subject
from detector.data.images import load_case
from detector.errors import TrainingError
from detector.evaluation.matching import HEADLINE_RULE, HIT_RULES
from detector.evaluation.report import DECODED_TOP
from detector.registry import family
from detector.training.leftovers import FOLD_NAME
from detector.training.progress import ProgressWriter
from detector.training.run import told_where_it_cannot_write, train, write_result
from detector.weights import sha256

DETECTOR, FILTER = "centernet3d", "ksf"
FOLDS = 5
CASES_NAME = "with_candidates.json"


def with_candidates(case: Case, detector: CandidateDetector, *, top: int = DECODED_TOP) -> Case:
    """A filter's case with a detector's best candidates as marks beside its own.

    A candidate is what it hits: the primary lesion, or another mark. One that hits nothing is no lesion
    where the case is complete; elsewhere a lesion may lie unmarked under it, and it is left out.
    """
    hits = HIT_RULES[HEADLINE_RULE]
    made = []
    for candidate in detector.detect(load_case(case))[:top]:
        hit = [m for m in case.marks if hits(candidate.box, m.box)]
        known = next((m for m in hit if m.primary), hit[0] if hit else None)
        if known is None and not case.complete:
            continue
        said = {"role": known.role, "primary": known.primary} if known else {"role": "negative"}
        made.append(Mark.model_validate({"lo": candidate.box.lo, "hi": candidate.box.hi, **said}))
    return case.model_copy(update={"marks": (*case.marks, *made)})


def folds_of(cases: Sequence[Case], folds: int, seed: int) -> list[int]:
    """The fold of each case, by patient; fewer folds where there are fewer patients.

    Raises:
        TrainingError: one patient cannot be left out and learnt from.
    """
    subjects = [case.subject for case in cases]
    many = min(folds, len(set(subjects)))
    if many < 2:
        raise TrainingError(
            "Candidates out of fold need two patients at least.", remedy="Review studies of more patients."
        )
    return folds_by_subject(subjects, [0] * len(cases), many, seed=seed)


def train_filter_out_of_fold(
    cases: Path,
    detector_cases: Path,
    out: Path,
    *,
    size: str,
    overrides: Mapping[str, Any] | None = None,
    gold: Path | None = None,
    initial_weights: Path | None = None,
    folds: int = FOLDS,
    seed: int = 0,
) -> dict[str, Any]:
    """Trains a detector a fold on the other folds of `detector_cases`, lets it look for candidates in its
    own, and then a key slice filter on `cases` with these; returns what it wrote to `out`/result.json, as
    detector.training.run.train, with "out_of_fold" among the metrics.

    `overrides` are the detectors'. Run again after a kill it goes on where it was: a fold that has its
    candidates is not trained again. The detectors start from random weights, since any others may have seen
    the studies that are left out.

    Raises:
        PlanError: an unreadable case list, an unknown size or plan value.
        TrainingError: as training does; too few patients.
    """
    of_filter = {case.study: case for case in read_cases(cases)}
    learnt = read_cases(detector_cases)
    known = [case for case in learnt if case.study in of_filter]
    place = folds_of(known, folds, seed)
    with told_where_it_cannot_write():
        out.mkdir(parents=True, exist_ok=True)
    tell = ProgressWriter(out / "progress.jsonl", append=True)
    found: dict[str, Case] = {}
    many = max(place) + 1
    for fold in range(many):
        tell(Progress(0, 1, {}, f"candidates out of fold: detector {fold + 1} of {many}"))
        held = [case for case, where in zip(known, place, strict=True) if where == fold]
        away = {case.subject for case in held}
        rest = [case for case in learnt if case.subject not in away]
        of_fold = [of_filter[case.study] for case in held]
        folder, plan = out / f"{FOLD_NAME}{fold + 1}", {"seed": seed, **(overrides or {})}
        found |= {case.study: case for case in _of_fold(folder, rest, of_fold, size, plan)}
    with told_where_it_cannot_write():
        joined = out / CASES_NAME
        write_cases([found.get(study, case) for study, case in of_filter.items()], joined)
    added = sum(len(c.marks) - len(of_filter[s].marks) for s, c in found.items())
    result = train(FILTER, joined, out, size=size, gold=gold, initial_weights=initial_weights, resume=True)
    told = {"folds": many, "studies": len(found), "candidates": added}
    result["metrics"] = {**result["metrics"], "out_of_fold": told}
    with told_where_it_cannot_write():
        write_result(out, result)
    for fold in range(many):
        shutil.rmtree(out / f"{FOLD_NAME}{fold + 1}", ignore_errors=True)
    return result


def _of_fold(
    folder: Path, learn: Sequence[Case], held: Sequence[Case], size: str, overrides: Mapping[str, Any]
) -> list[Case]:
    """The held out cases with candidates; read again where an earlier start of this training has them."""
    with told_where_it_cannot_write():
        folder.mkdir(parents=True, exist_ok=True)
        write_cases(list(learn), folder / "learn.json")
        write_cases(list(held), folder / "held.json")
    key = sha256(folder / "learn.json") + sha256(folder / "held.json")
    done, mark = folder / CASES_NAME, folder / "complete"
    if not (mark.is_file() and mark.read_text() == key):
        trained = train(DETECTOR, folder / "learn.json", folder, size=size, overrides=overrides, resume=True)
        detector = family(DETECTOR).load(folder / trained["weights"])
        made = [with_candidates(case, detector) for case in held]
        with told_where_it_cannot_write():
            write_cases(made, done)
            mark.write_text(key)
    return read_cases(done)
