"""Tables II, IV and V: classes of given boxes, the key slice filter, and the automatic pipelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from detector import registry
from detector.data.cases import Case
from detector.data.images import load_case
from detector.evaluation.bootstrap import Estimate, bootstrap, paired_difference
from detector.evaluation.calibration import calibration_error
from detector.evaluation.classification import classification_report
from detector.experiments.cells import Cells
from detector.experiments.sadt.cohorts import Cohorts, Harvest
from detector.experiments.sadt.settings import CLASS_ABLATIONS, Settings
from detector.geometry import Box3D
from detector.sadt.classes import CLASSES, class_of, primary_mark
from detector.weights import read_family

OUTPUT = "lesion_class"
Where = Callable[[int, Case], tuple[Box3D, int | None] | None]


def manual(_: int, case: Case) -> tuple[Box3D, int | None] | None:
    """The reader's box: the true one, on its largest slice."""
    mark = primary_mark(case)
    return (mark.box, None) if mark else None


def found_by(first: Sequence[Mapping[str, Any] | None]) -> Where:
    """The box that a detection cell puts first, on the key slice that it names."""

    def where(number: int, case: Case) -> tuple[Box3D, int | None] | None:
        row = first[number]
        return (Box3D(tuple(row["lo"]), tuple(row["hi"])), row["z_index"]) if row else None

    return where


def answers(cells: Cells, name: str, weights: Path, gold: Sequence[Case], where: Where) -> dict[str, Any]:
    """A cell: {"shares", "votes"} of each gold study, null where no box was found."""

    def compute() -> dict[str, Any]:
        system = registry.family(read_family(weights)).load(weights)
        shares: list[list[float] | None] = []
        votes: list[list[int] | None] = []
        for number, case in enumerate(gold):
            at = where(number, case)
            if at is None:
                shares.append(None)
                votes.append(None)
                continue
            said = system.characterize(load_case(case), at[0], z_index=at[1])
            shares.append([said.outputs[OUTPUT][c] for c in CLASSES])
            told = said.evidence.get("votes")
            votes.append([told[c] for c in CLASSES] if told else None)
        return {"shares": shares, "votes": votes}

    return cells.cell(f"classes {name}", compute)


def figures(found: Mapping[str, Any], gold: Sequence[Case], how: str = "probability") -> dict[str, Any]:
    """Accuracy, F1, calibration and HCC against the rest; a study without an answer is answered wrongly."""
    truth = [truth_of(case) for case in gold]
    subjects = [case.subject for case in gold]
    said = [_said(shares, votes, how) for shares, votes in zip(found["shares"], found["votes"], strict=True)]
    row: dict[str, Any] = {
        **classification_report(truth, said, subjects, CLASSES),
        "hits": [float(t == s) for t, s in zip(truth, said, strict=True)],
        "hcc": _hcc(found["shares"], truth, subjects),
    }
    if how == "probability" and None not in found["shares"]:
        labels = [CLASSES.index(t) for t in truth]
        row["calibration_error"] = calibration_error(found["shares"], labels, subjects)
    return row


def truth_of(case: Case) -> str:
    """The class of the lesion that a gold study is judged by."""
    mark = primary_mark(case)
    return (class_of(case, mark) if mark else None) or ""


def _said(shares: Sequence[float] | None, votes: Sequence[int] | None, how: str) -> str:
    if shares is None:
        return "nothing found"
    if how == "vote" and votes:
        return CLASSES[max(range(len(CLASSES)), key=lambda i: (votes[i], shares[i]))]
    return CLASSES[int(np.argmax(shares))]


def _hcc(shares: Sequence[Sequence[float] | None], truth: Sequence[str], subjects: list[str]) -> Estimate:
    """The area under the ROC curve of HCC's share, HCC against the rest; without a box the share is 0."""
    score = np.array([row[0] if row else 0.0 for row in shares])
    is_hcc = np.array([t == "hcc" for t in truth])

    def area(items: np.ndarray) -> float:
        yes, no = score[items][is_hcc[items]], score[items][~is_hcc[items]]
        if not len(yes) or not len(no):
            return float("nan")
        above = (yes[:, None] > no).mean() + 0.5 * (yes[:, None] == no).mean()
        return float(above)

    return bootstrap(subjects, area)


def train_classifier(
    cells: Cells,
    settings: Settings,
    name: str,
    cases: list[Case],
    *,
    system: str = "sadt",
    folds: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """The weights of a classifier of the experiment's size, of several networks unless `folds` is 1."""
    overrides = {
        **settings.classifier.overrides,
        "seed": settings.seed,
        "folds": settings.folds if folds is None else folds,
        **(changes or {}),
    }
    size = settings.classifier.size
    return cells.model(f"classes {name}", system, cases, size=size, overrides=overrides)[0]


def table_ii(cells: Cells, settings: Settings, cohorts: Cohorts, read: Harvest) -> list[dict[str, Any]]:
    """Systems on the readers' boxes: single and, but for ResNet3D as in the paper, ensembles by vote and by
    probability; gains are over the system before it, learnt from the same."""
    rows: list[dict[str, Any]] = []
    learnt = {"with the harvest": cohorts.marked + read.cases}
    if settings.marked_only:
        learnt = {"marked": cohorts.marked, **learnt}
    for name, cases in learnt.items():
        before: dict[str, Any] | None = None
        for system in settings.rivals:
            for folds in (1, settings.folds) if system != "resnet3d" and settings.folds > 1 else (1,):
                label = f"{system} {folds} {name}"
                weights = train_classifier(cells, settings, label, cases, system=system, folds=folds)
                found = answers(cells, label, weights, cohorts.gold, manual)
                for how in ("probability", "vote") if folds > 1 else ("probability",):
                    row = figures(found, cohorts.gold, how)
                    row |= {"system": system, "folds": folds, "answer": how, "learnt": name}
                    if before and how == "probability":
                        row["gain"] = _gain(before, row, cohorts.gold)
                    rows.append(row)
                    before = row if how == "probability" else before
    return rows


def class_ablations(
    cells: Cells, settings: Settings, cohorts: Cohorts, read: Harvest
) -> list[dict[str, Any]]:
    """What each part of SaDT gives: single networks, learnt from all there is; gains are over the whole."""
    cases = cohorts.marked + read.cases
    rows: list[dict[str, Any]] = []
    for name in ("whole", *settings.class_ablations):
        label = f"sadt 1 {'with the harvest' if name == 'whole' else name}"
        changes = CLASS_ABLATIONS.get(name)
        weights = train_classifier(cells, settings, label, cases, folds=1, changes=changes)
        row = figures(answers(cells, label, weights, cohorts.gold, manual), cohorts.gold)
        rows.append({**row, "name": name, **({"gain": _gain(rows[0], row, cohorts.gold)} if rows else {})})
    return rows


def table_v(
    cells: Cells,
    settings: Settings,
    cohorts: Cohorts,
    read: Harvest,
    pipelines: Mapping[str, Sequence[Mapping[str, Any] | None]],
) -> list[dict[str, Any]]:
    """The classifier on boxes that nobody drew, beside the readers' boxes; gains are over the row before."""
    label = f"sadt {settings.folds} with the harvest"
    weights = train_classifier(cells, settings, label, cohorts.marked + read.cases)
    rows: list[dict[str, Any]] = []
    for name, first in pipelines.items():
        found = answers(cells, f"{name} {label}", weights, cohorts.gold, found_by(first))
        row = figures(found, cohorts.gold)
        rows.append({**row, "name": name, **({"gain": _gain(rows[-1], row, cohorts.gold)} if rows else {})})
    bound = figures(answers(cells, label, weights, cohorts.gold, manual), cohorts.gold)
    return [*rows, {**bound, "name": "reader's box (upper bound)"}]


def _gain(before: Mapping[str, Any], row: Mapping[str, Any], gold: Sequence[Case]) -> Estimate:
    return paired_difference(before["hits"], row["hits"], [case.subject for case in gold])
