from __future__ import annotations

import argparse
from pathlib import Path

from tests.bench.rivals import runs as work
from tests.bench.rivals.methods import METHODS
from tests.bench.rivals.table import Runs, best_rate, figures, markdown, sweep


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.rivals", description=__doc__)
    parser.add_argument("--size", choices=work.SIZES, default="cpu")
    parser.add_argument("--out", type=Path, required=True, help="kept: a run that was killed goes on")
    parser.add_argument("--share", default="0/1", help="K/N: only every Nth training from the Kth on")
    args = parser.parse_args()
    settings = work.SIZES[args.size]
    cells = work.folder_cells(args.out, settings)
    parts = work.studies(cells, settings)
    store = work.samples(cells, settings, parts["training"])
    paces = {name: work.pace(cells, settings, store, name) for name in METHODS}
    costs = work.seconds_a_study(cells, settings, parts)
    keys = [(n, r, s) for s in settings.seeds for r in settings.rates for n in METHODS]
    first, every = map(int, args.share.split("/"))
    runs: Runs = {key: work.run(cells, settings, parts, *key) for key in keys[first::every]}
    if len(runs) < len(keys):
        return
    chosen = {name: best_rate(runs, name, settings.rates, settings.seeds) for name in METHODS}
    found = figures(runs, chosen, settings.seeds, [c.subject for c in parts["gold"]])
    print(markdown(found, chosen, paces, costs))
    print(sweep(runs, settings.rates, settings.seeds))


if __name__ == "__main__":
    main()
