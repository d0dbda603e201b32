"""The experiment from its settings to its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from detector.experiments.cells import Cells, Say
from detector.experiments.sadt import characterization, detection
from detector.experiments.sadt.cohorts import draw, harvest
from detector.experiments.sadt.key_slices import table_iv
from detector.experiments.sadt.plots import draw as draw_plots
from detector.experiments.sadt.settings import Settings
from detector.experiments.sadt.tables import as_csv, as_markdown, tables
from detector.training.run import code_version, environment
from detector.weights import sha256


def run_experiment(folder: Path, size: str, settings: Settings, say: Say) -> dict[str, Any]:
    """Draws, trains, harvests, retrains and judges in `folder`; writes result.json, result.md, plots and a
    CSV a table there, and returns the result. What an earlier run of the same settings finished is used
    again.

    Raises:
        PlanError: the folder holds an experiment of other settings.
        TrainingError: a training that could not run.
    """
    cells = Cells(folder, say)
    cells.settle(settings.as_json())
    cohorts = draw(cells, settings)
    seed_detector = detection.train_detector(
        cells, settings, "marked and public", cohorts.marked + cohorts.public + cohorts.measured
    )
    read, ledger = harvest(cells, settings, cohorts.pool, seed_detector)
    table_iii = detection.table_iii(cells, settings, cohorts, read)
    ksf, key_slices = table_iv(cells, settings, cohorts, read)
    automatic = detection.pipelines(cells, settings, cohorts, read, ksf)
    result = {
        "size": size,
        "phantoms": True,
        "settings": settings.as_json(),
        "ledger": ledger,
        "detection": table_iii,
        "classes": characterization.table_ii(cells, settings, cohorts, read),
        "key_slices": key_slices,
        "pipelines": characterization.table_v(cells, settings, cohorts, read, automatic),
        "detector_ablations": detection.ablations(cells, settings, cohorts, read),
        "class_ablations": characterization.class_ablations(cells, settings, cohorts, read),
        "curve": detection.curve(cells, settings, cohorts, read),
        "code_version": code_version(),
        "environment": environment(),
        "data_sha256": {path.stem: sha256(path) for path in sorted((folder / "lists").glob("*.json"))},
        "minutes": _minutes(folder),
    }
    (folder / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / "result.md").write_text(as_markdown(result))
    for name, (_, columns, rows) in tables(result).items():
        (folder / f"{name}.csv").write_text(as_csv(columns, rows))
    draw_plots(result, folder)
    return result


def _minutes(folder: Path) -> float:
    """What cells and trainings took together, whatever runs they were part of."""
    cells = sum(json.loads(p.read_text())["seconds"] for p in (folder / "cells").glob("*.json"))
    models = sum(json.loads(p.read_text()) for p in (folder / "models").glob("*/seconds.json"))
    return float(cells + models) / 60
