"""`python -m detector phase_model`: fits the model that tells phases to phantoms, and judges it on others."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from detector.errors import PlanError

HELP = "fit the phase model to phantoms, or judge it on phantoms unlike those"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fit", type=int, metavar="STUDIES", help="fit to so many training phantoms")
    parser.add_argument("--judge", type=int, metavar="STUDIES", help="judge on so many evaluation phantoms")
    parser.add_argument("--model", type=Path, help="JSON file to write or judge (default: the shipped model)")
    parser.add_argument(
        "--no-voltage", action="store_true", help="judge as if the tube voltage were not known"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same model (default 1)")


def run(arguments: argparse.Namespace) -> int:
    if not arguments.fit and not arguments.judge:
        raise PlanError("Nothing to do.", remedy="Give --fit STUDIES, --judge STUDIES or both.")
    if min(arguments.fit or 1, arguments.judge or 1) < 1 or arguments.seed < 0:
        raise PlanError("The numbers of studies must be positive, the seed not negative.")
    if arguments.fit:
        _fit(arguments.fit, arguments.model, arguments.seed)
    if arguments.judge:
        _judge(arguments.judge, arguments.model, arguments.seed, voltage_known=not arguments.no_voltage)
    return 0


def _fit(studies: int, path: Path | None, seed: int) -> None:
    from detector.evaluation.phases import measured_studies
    from detector.phaseid.model import fit
    from detector.phaseid.variation import varied

    if path is None:
        raise PlanError("The model needs a file to go to.", remedy="Give --model FILE.json.")
    samples = [item for study in measured_studies("training", studies, seed) for item in study.items()]
    model = fit(list(varied(samples, seed)), {"phantoms": studies, "seed": seed})
    try:
        path.write_text(json.dumps(model.as_json(), indent=1) + "\n")
    except OSError as error:
        raise PlanError(f"The model cannot be written: {error.strerror}.") from error
    print(f"Phase model of {studies} phantoms written.")


def _judge(studies: int, path: Path | None, seed: int, *, voltage_known: bool) -> None:
    from detector.evaluation.phases import Order, judge, measured_studies
    from detector.ingest.identify import CONFIDENT
    from detector.phaseid.model import PHASES, read_model, shipped_model

    model = read_model(path) if path else shipped_model()
    measured = list(measured_studies("evaluation", studies, seed, voltage_known=voltage_known))
    orders: tuple[Order, ...] = ("alone", "unordered", "numbers", "clock")
    parts = (PHASES, PHASES[1:3], PHASES[2:], *((phase,) for phase in PHASES[1:]))
    print(f"{studies} evaluation phantoms; sure: probability of at least {CONFIDENT}")
    for phases in parts:
        for order in orders if phases == PHASES else orders[-2:] if len(phases) > 1 else orders[:1]:
            figures = judge(model, measured, order=order, threshold=CONFIDENT, phases=phases)
            print(
                f"{' + '.join(phases)}, {order}: accuracy {figures.accuracy:.3f}, sure {figures.sure:.3f}, "
                f"right where sure {figures.right_where_sure:.3f}"
            )
            for true, row in figures.confusion.items():
                print(f"  {true}: " + ", ".join(f"{said} {n}" for said, n in row.items() if n))
