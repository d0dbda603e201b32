"""Table III: is a primary lesion among the first candidates; the detector's ablations, and what minutes of a
reader buy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from detector import registry
from detector.data.cases import Case
from detector.data.images import load_case
from detector.evaluation.bootstrap import paired_difference
from detector.evaluation.matching import HEADLINE_RULE, HIT_RULES, primary_hit
from detector.evaluation.report import outcome_of, summarise
from detector.experiments.cells import Cells
from detector.experiments.sadt.cohorts import Cohorts, Harvest, drawn_for
from detector.experiments.sadt.settings import DETECTOR_ABLATIONS, Settings
from detector.keyslice.select import suggest_primary
from detector.weights import read_family

FAMILY = "centernet3d"


def label(family: str, name: str) -> str:
    """What cells and models of a detector are called.

    >>> label("centernet3d", "marked"), label("centernet2d", "marked")
    ('marked', 'centernet2d marked')
    """
    return name if family == FAMILY else f"{family} {name}"


def train_detector(
    cells: Cells,
    settings: Settings,
    name: str,
    cases: list[Case],
    changes: Mapping[str, Any] | None = None,
    family: str = FAMILY,
) -> Path:
    """The weights of a detector of the experiment's size."""
    overrides = {**settings.detector.overrides, "seed": settings.seed, **(changes or {})}
    return cells.model(
        f"detector {label(family, name)}", family, cases, size=settings.detector.size, overrides=overrides
    )[0]


def judged(
    cells: Cells, name: str, weights: Path, gold: list[Case], ksf: Path | None = None
) -> dict[str, Any]:
    """A cell: {"summary", "hits": {"1", "10"}, "first"}; hits of each gold study, in their order, and the box
    that comes first (as the key slice filter chooses, where there is one) with its key slice."""

    def compute() -> dict[str, Any]:
        detector = registry.family(read_family(weights)).load(weights)
        chooser = registry.family("ksf").load(ksf) if ksf else None
        outcomes = [outcome_of(case, detector) for case in gold]
        rule = HIT_RULES[HEADLINE_RULE]
        first: list[Any] = []
        for case, outcome in zip(gold, outcomes, strict=True):
            boxes = [c.box for c in outcome.candidates]
            keys = chooser.key_slices(load_case(case), boxes) if chooser and boxes else []
            scores = [c.score for c in outcome.candidates]
            at = suggest_primary(scores, [k.primary_score for k in keys]) if keys else 0
            if at is None or not boxes:
                first.append(None)
            else:
                first.append({**boxes[at].as_json(), "z_index": keys[at].z_index if keys else None})
        return {
            "summary": summarise(outcomes),
            "hits": {str(top): [float(primary_hit(o, top, rule)) for o in outcomes] for top in (1, 10)},
            "first": first,
        }

    return cells.cell(f"detection {name}", compute)


def learnt_from(settings: Settings, cohorts: Cohorts, read: Harvest) -> dict[str, list[Case]]:
    """By name what detectors learn from, the fewest studies first."""
    without = cohorts.marked + cohorts.public + cohorts.measured
    lists = {"marked and public": without, "with the harvest": without + read.cases}
    return {"marked": cohorts.marked, **lists} if settings.marked_only else lists


def table_iii(cells: Cells, settings: Settings, cohorts: Cohorts, read: Harvest) -> list[dict[str, Any]]:
    """Rows by detector and by what was learnt from, each with its paired gain over the row before it."""
    rows: list[dict[str, Any]] = []
    for family in settings.detectors:
        before: dict[str, Any] | None = None
        for name, cases in learnt_from(settings, cohorts, read).items():
            weights = train_detector(cells, settings, name, cases, family=family)
            found = judged(cells, label(family, name), weights, cohorts.gold)
            before = _row(name, len(cases), found, before, cohorts.gold)
            rows.append({**before, "detector": family})
    return rows


def pipelines(
    cells: Cells, settings: Settings, cohorts: Cohorts, read: Harvest, ksf: Path
) -> dict[str, list[dict[str, Any] | None]]:
    """By name the box that comes first in each gold study: of each detector, without and with the key slice
    filter's choice."""
    name, found = "with the harvest", {}
    cases = learnt_from(settings, cohorts, read)[name]
    for chooser in (None, ksf):
        for family in settings.detectors:
            weights = train_detector(cells, settings, name, cases, family=family)
            called = label(family, name)
            if chooser:
                called += ", key slice filter"
            first = judged(cells, called, weights, cohorts.gold, chooser)["first"]
            found[family + (", key slice filter" if chooser else "")] = first
    return found


def ablations(cells: Cells, settings: Settings, cohorts: Cohorts, read: Harvest) -> list[dict[str, Any]]:
    """What each part of the detector gives, beside the whole one; negative where the whole is better."""
    cases = cohorts.marked + cohorts.public + cohorts.measured + read.cases
    whole = judged(cells, "with the harvest", _whole(cells, settings, cases), cohorts.gold)
    rows = [_row("whole", len(cases), whole, None, cohorts.gold)]
    for name in settings.detector_ablations:
        weights = train_detector(cells, settings, name, cases, DETECTOR_ABLATIONS[name])
        rows.append(_row(name, len(cases), judged(cells, name, weights, cohorts.gold), rows[0], cohorts.gold))
    return rows


def curve(cells: Cells, settings: Settings, cohorts: Cohorts, read: Harvest) -> list[dict[str, Any]]:
    """P1TD against a reader's minutes: candidates judged, and the same minutes spent drawing."""
    base = cohorts.marked + cohorts.public + cohorts.measured
    rows = []
    for share in settings.curve:
        part = read.first(share)
        drawn = drawn_for(cohorts.pool, part.minutes)
        for way, cases in (("clicked", part.cases), ("drawn", drawn)):
            name = "with the harvest" if way == "clicked" and share == 1 else f"{way} {share:g}"
            weights = train_detector(cells, settings, name, base + cases)
            found = judged(cells, name, weights, cohorts.gold)
            row = _row(name, len(base + cases), found, None, cohorts.gold)
            rows.append({**row, "way": way, "minutes": part.minutes, "read": len(cases)})
    return rows


def _whole(cells: Cells, settings: Settings, cases: list[Case]) -> Path:
    return train_detector(cells, settings, "with the harvest", cases)


def _row(
    name: str, studies: int, found: Mapping[str, Any], beside: Mapping[str, Any] | None, gold: list[Case]
) -> dict[str, Any]:
    subjects = [c.subject for c in gold]
    row: dict[str, Any] = {"name": name, "studies": studies, "hits": found["hits"]}
    for top in ("1", "10"):
        row[f"p1td_{top}"] = found["summary"][f"p1td_{top}"]
        if beside:
            row[f"gain_{top}"] = paired_difference(beside["hits"][top], found["hits"][top], subjects)
    return {**row, "froc_mean": found["summary"]["froc_mean"]}
