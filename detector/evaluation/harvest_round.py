"""One harvest round, measured: does accepting a seed model's candidates make the next model better?

Phantoms stand for the archive and their truth for the reader, so that the answer costs minutes. Both models
start from the same random weights and take the same number of steps; gold studies are drawn outside the
training ranges and no model learns from them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detector import registry
from detector.contracts import Progress
from detector.data.cases import read_cases, write_cases
from detector.data.images import load_case
from detector.evaluation.bootstrap import paired_difference
from detector.evaluation.matching import HEADLINE_RULE, HIT_RULES, primary_hit
from detector.evaluation.oracle import read_study
from detector.evaluation.phantom_cases import CASES_NAME, write_phantom_cases
from detector.evaluation.report import outcome_of, summarise

FAMILY = "centernet3d"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RoundSettings:
    """How large the experiment is; `max_read` candidates a study above `min_score` are read."""

    marked: int = 8
    pool: int = 60
    gold: int = 100
    steps: int = 400
    size: str = "tiny"
    matrix: int = 96
    slices: int = 30
    max_read: int = 10
    min_score: float = 0.1
    seed: int = 0


def _train(cases: Path, out: Path, settings: RoundSettings, say: Say) -> Path:
    def report(progress: Progress) -> None:
        if progress.step % 100 == 0:
            say(f"{out.name}: {progress.message}")

    out.mkdir(parents=True, exist_ok=True)
    trained = registry.family(FAMILY).trainer().train(
        cases,
        out,
        size=settings.size,
        overrides={"steps": settings.steps, "seed": settings.seed},
        gold=None,
        initial_weights=None,
        on_progress=report,
    )  # fmt: skip
    return trained.weights


def run_harvest_round(out: Path, settings: RoundSettings, say: Say) -> dict[str, Any]:
    """Runs the experiment in `out`, writes result.json and result.md there and returns the result.

    {"settings", "reader": {accepted, rejected, undecided, lesions, studies_with_a_find}, "without", "with",
    "gain_p1td_1", "gain_p1td_10"}; gains are paired differences, with minus without, with 95 % intervals.

    Raises:
        TrainingError: a training that could not run.
    """
    for name, cohort, count, seed in (
        ("marked", "training", settings.marked, 1000 + settings.seed),
        ("pool", "training", settings.pool, 2000 + settings.seed),
        ("gold", "evaluation", settings.gold, 3000 + settings.seed),
    ):
        say(f"{name}: drawing {count} phantoms")
        write_phantom_cases(
            out / name,
            cohort=cohort,  # type: ignore[arg-type]
            studies=count,
            seed=seed,
            matrix=settings.matrix,
            slices=settings.slices,
        )
    marked = read_cases(out / "marked" / CASES_NAME)
    pool = read_cases(out / "pool" / CASES_NAME)
    gold = read_cases(out / "gold" / CASES_NAME)

    without = _train(out / "marked" / CASES_NAME, out / "without", settings, say)
    detector = registry.family(FAMILY).load(without)
    say(f"reading {len(pool)} studies")
    read = []
    for case in pool:
        shown = [c for c in detector.detect(load_case(case)) if c.score >= settings.min_score]
        read.append(read_study(case, shown[: settings.max_read], draws=False).case)
    harvested = [c for c in read if c.marks]
    write_cases([*marked, *harvested], out / "harvested.json")
    with_harvest = _train(out / "harvested.json", out / "with", settings, say)

    say(f"judging both on {len(gold)} gold studies")
    outcomes = {
        name: [outcome_of(case, model) for case in gold]
        for name, model in (("without", detector), ("with", registry.family(FAMILY).load(with_harvest)))
    }
    rule = HIT_RULES[HEADLINE_RULE]

    def gain(top: int) -> dict[str, Any]:
        hits = {n: [float(primary_hit(o, top, rule)) for o in found] for n, found in outcomes.items()}
        return dict(paired_difference(hits["without"], hits["with"], [c.subject for c in gold]))

    roles = [m.role for c in read for m in c.marks]
    result = {
        "settings": asdict(settings),
        "reader": {
            "accepted": roles.count("positive"),
            "rejected": roles.count("negative"),
            "undecided": roles.count("ignored"),
            "lesions": sum(m.role == "positive" for c in pool for m in c.marks),
            "studies_with_a_find": sum(any(m.role == "positive" for m in c.marks) for c in read),
        },
        "without": summarise(outcomes["without"]),
        "with": summarise(outcomes["with"]),
        "gain_p1td_1": gain(1),
        "gain_p1td_10": gain(10),
    }
    (out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    (out / "result.md").write_text(as_markdown(result))
    return result


def _cell(estimate: dict[str, Any]) -> str:
    return f"{estimate['value']:.3f} [{estimate['lo']:.3f}, {estimate['hi']:.3f}]"


def as_markdown(result: dict[str, Any]) -> str:
    """The result as a table and two sentences."""
    s, r = result["settings"], result["reader"]
    rows = [
        f"| {name} | {_cell(result[key]['p1td_1'])} | {_cell(result[key]['p1td_10'])} |"
        for name, key in (("marked studies only", "without"), ("with the harvested lesions", "with"))
    ]
    return "\n".join(
        [
            f"Seed model ({s['size']}, {s['steps']} steps) on {s['marked']} marked phantoms; a pool of "
            f"{s['pool']} with {r['lesions']} lesions gave {r['accepted']} accepted, "
            f"{r['rejected']} rejected and {r['undecided']} undecided candidates "
            f"({r['studies_with_a_find']} studies with a find). "
            f"Judged on {s['gold']} gold phantoms outside the training ranges, hit: {HEADLINE_RULE}.",
            "",
            "| trained on | P1TD-1 | P1TD-10 |",
            "|---|---|---|",
            *rows,
            f"| **gain, paired** | {_cell(result['gain_p1td_1'])} | {_cell(result['gain_p1td_10'])} |",
            "",
        ]
    )
