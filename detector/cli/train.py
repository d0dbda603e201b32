"""`python -m detector train`: a model from a case list."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from detector.errors import PlanError

HELP = "train a model on a case list"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--family", default="centernet3d", help="centernet3d, ksf, sadt, liver-unet or a plug-in's name"
    )
    parser.add_argument("--size", default="small", help="tiny, small, ... as the family has them")
    parser.add_argument("--cases", type=Path, required=True, help="case list to learn from")
    parser.add_argument("--gold", type=Path, help="case list to be judged on; no round may touch it")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for weights, progress.jsonl, result.json"
    )
    parser.add_argument("--init", type=Path, help="weights to start from")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the state a killed training of the same plan and cases left in --out",
    )
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="replaces a value of the plan, such as steps=500, lr=0.001, seed=7",
    )


def parse_overrides(pairs: list[str]) -> dict[str, Any]:
    """KEY=VALUE pairs with JSON values (else plain text); raises PlanError where there is no `=`.

    >>> parse_overrides(["steps=500", "fit=resize", "stride_zyx=[4,4,4]"])
    {'steps': 500, 'fit': 'resize', 'stride_zyx': [4, 4, 4]}
    """
    overrides: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise PlanError(f"--set {pair} has no value.", remedy="Write --set key=value.")
        try:
            overrides[key] = json.loads(value)
        except ValueError:
            overrides[key] = value
    return overrides


def run(arguments: argparse.Namespace) -> int:
    from detector.hardware import local_rank
    from detector.training.run import train

    result = train(
        arguments.family,
        arguments.cases,
        arguments.out,
        size=arguments.size,
        overrides=parse_overrides(arguments.overrides),
        gold=arguments.gold,
        initial_weights=arguments.init,
        resume=arguments.resume,
    )
    if local_rank() == 0:
        print(json.dumps({"weights": result["weights"], "metrics": result["metrics"]}, indent=1))
    return 0
