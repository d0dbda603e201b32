"""`python -m detector harvest_round`: what one round of accepting candidates gains, on phantoms."""

from __future__ import annotations

import argparse
from pathlib import Path

from detector.errors import PlanError

HELP = "measure one harvest round on phantoms: P1TD with and without the harvested lesions"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for phantoms, models, result.json and .md"
    )
    parser.add_argument("--marked", type=int, default=8, help="marked studies of the seed model (default 8)")
    parser.add_argument("--pool", type=int, default=60, help="unmarked studies to harvest (default 60)")
    parser.add_argument("--gold", type=int, default=100, help="gold studies to judge on (default 100)")
    parser.add_argument("--steps", type=int, default=400, help="training steps of both models (default 400)")
    parser.add_argument("--size", default="tiny", help="size of both models (default tiny)")
    parser.add_argument("--seed", type=int, default=0)


def run(arguments: argparse.Namespace) -> int:
    from detector.evaluation.harvest_round import RoundSettings, as_markdown, run_harvest_round

    if min(arguments.marked, arguments.pool, arguments.gold) < 1:
        raise PlanError("A round needs at least one marked, one pool and one gold study.")
    settings = RoundSettings(
        marked=arguments.marked,
        pool=arguments.pool,
        gold=arguments.gold,
        steps=arguments.steps,
        size=arguments.size,
        seed=arguments.seed,
    )
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        result = run_harvest_round(arguments.out, settings, lambda line: print(line, flush=True))
    except OSError as error:
        raise PlanError(f"The experiment cannot write its files: {error.strerror}.") from error
    print(as_markdown(result))
    return 0
