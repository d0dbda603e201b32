"""Cells of tables: each is a file of its own, so that a run that was killed loses one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.data.cases import Case, write_cases
from detector.errors import PlanError
from detector.training.run import train

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cells:
    """The parts of an experiment in its folder: cells/NAME.json, models/NAME/, lists/NAME.json."""

    folder: Path
    say: Say

    def cell(self, name: str, compute: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """The cell as it was computed, now or by an earlier run of the same settings, with its "seconds"."""
        path = self._in("cells", f"{_file_name(name)}.json")
        if path.exists():
            return dict(json.loads(path.read_text()))
        self.say(f"cell {name}")
        started = time.perf_counter()
        found = {**compute(), "seconds": round(time.perf_counter() - started, 1)}
        _write(path, json.dumps(found, indent=1) + "\n")
        return found

    def model(
        self,
        name: str,
        family: str,
        cases: list[Case],
        *,
        size: str,
        overrides: Mapping[str, Any],
        gold: Path | None = None,
        initial_weights: Path | None = None,
    ) -> tuple[Path, dict[str, Any]]:
        """Weights and the record of a training (seed, hashes, plan, code version, metrics); one that was
        killed goes on where it was."""
        out = self._in("models", _file_name(name))
        record = out / "result.json"
        if not record.exists():
            self.say(f"model {name}: {family} on {len(cases)} studies")
            started = time.perf_counter()
            train(
                family,
                self.list(name, cases),
                out,
                size=size,
                overrides=overrides,
                gold=gold,
                initial_weights=initial_weights,
                resume=out.exists(),
            )
            _write(out / "seconds.json", f"{time.perf_counter() - started:.1f}\n")
        return out / "weights.safetensors", dict(json.loads(record.read_text()))

    def list(self, name: str, cases: list[Case]) -> Path:
        """A case list by its name."""
        path = self._in("lists", f"{_file_name(name)}.json")
        write_cases(cases, path)
        return path

    def settle(self, settings: Mapping[str, Any]) -> None:
        """Keeps the settings with the folder; raises PlanError where it holds cells of others."""
        path = self._in("settings.json")
        text = json.dumps(settings, indent=1, sort_keys=True) + "\n"
        if path.exists() and path.read_text() != text:
            raise PlanError(
                "The folder holds an experiment of other settings.", remedy="Name another --out, or empty it."
            )
        _write(path, text)

    def _in(self, *parts: str) -> Path:
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _file_name(name: str) -> str:
    """
    >>> _file_name("sadt 2 with the harvest, key slice filter")
    'sadt-2-with-the-harvest-key-slice-filter'
    """
    return "-".join(name.replace(",", "").split())


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    os.replace(partial, path)
