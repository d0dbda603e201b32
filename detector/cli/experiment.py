"""`python -m detector experiment`: a published system's experiment on phantoms, whole."""

from __future__ import annotations

import argparse
from pathlib import Path

from detector.errors import PlanError

HELP = "run a published system's experiment on phantoms: train, harvest, retrain, tables"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", choices=("sadt",), help="which experiment")
    parser.add_argument("--size", default="ci", help="ci (minutes), cpu (under two hours) or gpu")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder; a run that was killed goes on there, cell by cell"
    )
    parser.add_argument("--missed", type=float, default=0.0, help="share of hits that the reader rejects")
    parser.add_argument(
        "--accepted-wrongly",
        type=float,
        default=0.0,
        help="share of other candidates that the reader accepts",
    )
    parser.add_argument("--seed", type=int, default=0)


def run(arguments: argparse.Namespace) -> int:
    from detector.experiments.sadt.run import run_experiment
    from detector.experiments.sadt.settings import settings_for
    from detector.experiments.sadt.tables import as_markdown

    if not (0 <= arguments.missed < 1 and 0 <= arguments.accepted_wrongly < 1):
        raise PlanError("A reader's error rates lie between 0 and 1.")
    settings = settings_for(
        arguments.size,
        missed=arguments.missed,
        accepted_wrongly=arguments.accepted_wrongly,
        seed=arguments.seed,
    )
    try:
        result = run_experiment(arguments.out, arguments.size, settings, lambda line: print(line, flush=True))
    except OSError as error:
        raise PlanError(f"The experiment cannot write its files: {error.strerror}.") from error
    print(as_markdown(result))
    return 0
