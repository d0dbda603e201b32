"""`python -m tests.bench.queue`: the review queue under load, over HTTP against a real installation.

100,000 studies with a million candidates and half a million reviews; eight readers, each in a closed loop
with a second of thought on average before each click. Times are taken at the reader, so the web server, the
serializers and the network stack of this machine are in them. Where HARVEST_LABEL_STUDIO names the python of
an environment with Label Studio, the same readers work on as many tasks there, in the same PostgreSQL.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from tests.bench.queue import harvest, label_studio
from tests.bench.queue.loop import Times
from tests.bench.queue.report import table
from tests.e2e.running import installation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=100_000)
    parser.add_argument("--candidates", type=int, default=10, help="a study")
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=240, help="long enough for a p95 of studies")
    parser.add_argument("--thought", type=float, default=1.0, help="seconds before each click")
    asked = parser.parse_args()
    load = {
        "readers": asked.readers,
        "studies": asked.studies,
        "candidates": asked.candidates,
        "seconds": asked.seconds,
        "thought_s": asked.thought,
    }
    runs: dict[str, Times] = {}
    peer = os.environ.get("HARVEST_LABEL_STUDIO")
    with tempfile.TemporaryDirectory(prefix="hvq") as folder, installation(Path(folder) / "var") as running:
        for name, measure in (("Harvest", harvest.measure), ("Label Studio", label_studio.measure)):
            if name == "Label Studio" and not peer:
                print("Label Studio was not measured: HARVEST_LABEL_STUDIO names no python that has it.")
                continue
            runs[name], spent = measure(running, **load)
            clicks = len(runs[name]["verdict"])
            print(
                f"{name}: {asked.readers} readers, {asked.thought:g} s of thought, {spent:.0f} s: "
                f"{clicks / spent:.1f} verdicts/s; load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
    print(table(runs))


if __name__ == "__main__":
    main()
