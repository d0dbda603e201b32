"""`python -m tests.bench.releases`: freezing a large cohort and exporting the release, on a real PostgreSQL.

20,000 studies of four phases, each read once: ten candidates, of which five were accepted as lesions and five
were not. The cohort is frozen, and the release exported by reference in COCO-3D and CSV as a worker does it,
with the read-back that every export has. Each part runs in a fresh process, which says what it held at most,
on a tenth of the studies too. Where HARVEST_LABEL_STUDIO names the python of an environment with Label
Studio, it exports as many tasks and regions in its JSON and CSV in the same PostgreSQL, in the same run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harvest.stack.embedded import Database
from tests.bench.releases import harvest, label_studio

LIMIT_S = 60
HEAD = ("studies", "part", "seconds, median", "writing", "reading back", "MB", "peak MB (before)")
NAMES = ("write_s", "check_s", "mb")
Figures = Mapping[str, list[dict[str, Any]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--candidates", type=int, default=10, help="a study")
    parser.add_argument("--lesions", type=int, default=5, help="a study, of its candidates")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    peer = os.environ.get("HARVEST_LABEL_STUDIO")
    with tempfile.TemporaryDirectory(prefix="hvr") as folder:
        home = Path(folder)
        database = Database(home / "database")
        url = database.start()
        print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
        try:
            for studies in asked.studies:
                sizes = {"studies": studies, "lesions": asked.lesions, "runs": asked.runs}
                own = harvest.measure(url, home, candidates=asked.candidates, **sizes)
                show(studies, own)
                if peer:
                    show(studies, label_studio.measure(url, home, **sizes))
                both = _median(own["coco"], "seconds") + _median(own["csv"], "seconds")
                print(f"| {studies} | COCO-3D and CSV | {both:.1f} (limit {LIMIT_S}) | | | | |", flush=True)
        finally:
            database.stop()
    if not peer:
        print("Label Studio was not measured: HARVEST_LABEL_STUDIO names no python that has it.")
    print(f"load {os.getloadavg()[0]:.1f}")


def show(studies: int, found: Figures) -> None:
    """A row a part."""
    for part, runs in found.items():
        took = [one["seconds"] for one in runs]
        each = (f"{_median(runs, name):.1f}" if name in runs[0] else "" for name in NAMES)
        cells = [
            f"{statistics.median(took):.1f} ({min(took):.1f} to {max(took):.1f})",
            *each,
            f"{_median(runs, 'peak_mb'):.0f} ({_median(runs, 'before_mb'):.0f})",
        ]
        print(f"| {studies} | {part} | {' | '.join(cells)} |", flush=True)


def _median(runs: list[dict[str, Any]], name: str) -> float:
    return statistics.median(one[name] for one in runs)


if __name__ == "__main__":
    main()
