"""One training from names to files: what the command line and a supervised training process call.

`out`/progress.jsonl follows the training (training.progress); `out`/result.json is written last, so that its
presence means success. A training that did not end well leaves its state and its samples there for `resume`;
one that begins anew removes them.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from detector import registry
from detector.contracts import Progress
from detector.errors import TrainingError
from detector.hardware import describe_hardware, join_world
from detector.training.leftovers import drop_leftovers
from detector.training.loop import stop_on_sigterm
from detector.training.progress import ProgressWriter
from detector.weights import read_plan, sha256


def environment() -> dict[str, str]:
    """Versions and hardware that the weights depend on beside the code."""
    packages = {}
    for name in ("torch", "numpy", "scipy", "SimpleITK"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "absent"
    return {
        "python": platform.python_version(),
        "platform": platform.machine(),
        **packages,
        **describe_hardware(),
    }


def code_version() -> str:
    """The version of the installed package."""
    try:
        return version("harvest")
    except PackageNotFoundError:
        return "unknown"


def train(
    family: str,
    cases: Path,
    out: Path,
    *,
    size: str,
    overrides: Mapping[str, Any] | None = None,
    gold: Path | None = None,
    initial_weights: Path | None = None,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains and returns what it wrote to `out`/result.json: {"family", "size", "weights" (file name),
    "weights_sha256", "plan", "metrics", "seed", "code_version", "environment", "cases_sha256",
    "gold_sha256", "initial_weights_sha256"}.

    With `resume` it goes on from the state that a killed training of the same plan, cases and first weights
    left in `out`, and ends with the weights that one would have had; where none is left it begins anew.
    Started by torchrun, every process trains its share of each step and the first writes the files.

    Raises:
        UnknownNameError: no such family.
        PlanError: an unreadable case list, an unknown size or plan value.
        TrainingError: nothing to learn from, a loss that is not finite, a state of another training, a full
            disk, or SIGTERM.
    """
    trainer = registry.family(family).trainer()
    with told_where_it_cannot_write():
        out.mkdir(parents=True, exist_ok=True)
        with stop_on_sigterm(), join_world() as here:
            if here.first:
                (out / "result.json").unlink(missing_ok=True)
                if not resume:
                    drop_leftovers(out)
            here.wait()
            trained = trainer.train(
                cases,
                out,
                size=size,
                overrides=overrides or {},
                gold=gold if here.first else None,
                initial_weights=initial_weights,
                on_progress=ProgressWriter(out / "progress.jsonl", append=resume) if here.first else _silent,
            )
            hardware = environment()
        plan = read_plan(trained.weights)
        result = {
            "family": family,
            "size": size,
            "weights": trained.weights.name,
            "weights_sha256": sha256(trained.weights),
            "plan": plan,
            "metrics": dict(trained.metrics),
            "seed": plan.get("seed"),
            "code_version": code_version(),
            "environment": hardware,
            "cases_sha256": sha256(cases),
            "gold_sha256": sha256(gold) if gold else None,
            "initial_weights_sha256": sha256(initial_weights) if initial_weights else None,
        }
        if here.first:
            write_result(out, result)
            drop_leftovers(out)
    return result


def write_result(out: Path, result: Mapping[str, Any]) -> None:
    """`out`/result.json, in one step: its presence means success."""
    partial = out / "result.json.partial"
    partial.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
    os.replace(partial, out / "result.json")


@contextmanager
def told_where_it_cannot_write() -> Iterator[None]:
    """A disk that is full or read-only as a TrainingError."""
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"The training cannot write its files: {error.strerror}.",
            remedy="Free disk space or name another --out.",
        ) from error


def _silent(progress: Progress) -> None:
    """What every process but the first tells."""
