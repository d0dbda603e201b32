"""`python -m tests.bench.editor`: the box editor in Chromium on a study of 512 x 512 x 60 in four phases.

Times are taken in the page: from the navigation to the first image and to all phases, and from a key to the
frame that shows the next slice of all four phases, or of the three planes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.bench.grid import Reader, Times
from tests.e2e.conftest import FLAGS, chromium
from tests.e2e.running import REPOSITORY, installation

OPENINGS, STEPS = 5, 60
LIMITS_MS = {
    "first image": 1000,
    "all phases": 3000,
    "slice while the rest comes, four phases": 30,
    "slice, four phases": 30,
    "slice, three planes": 30,
}

# A view is there when its slice is drawn and nothing of it is awaited any more.
THERE = """
const views = () =>
  [...document.querySelectorAll("[data-testid^=view-]")].filter((v) => v.querySelector("canvas"));
const there = (view) => {
  const canvas = view.querySelector('canvas');
  if (!canvas.width || view.querySelector('.slice-view__state')) return false;
  return canvas.getContext('2d').getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data[3] > 0;
};
"""


def opened(reader: Reader, address: str, done: str) -> float:
    """Milliseconds from the navigation until `done`; nothing of the study is kept in the browser."""
    reader.network.send("Network.clearBrowserCache")
    reader.page.goto(address, wait_until="commit")
    look = f"(look = () => ({done}) ? resolve(performance.now()) : requestAnimationFrame(look))()"
    return float(reader.page.evaluate(f"() => new Promise((resolve) => {{ {THERE} let look; {look} }})"))


def measured(matrix: int, slices: int) -> Times:
    times: Times = defaultdict(list)
    with (
        tempfile.TemporaryDirectory(prefix="hvd") as folder,
        installation(Path(folder) / "var", HARVEST_REGISTRATION="rigid") as running,
        sync_playwright() as playwright,
    ):
        shape = ("--studies", "1", "--seed", "11", "--matrix", str(matrix), "--slices", str(slices))
        command = [sys.executable, "-m", "detector", "phantom", "--out", f"{folder}/study", *shape]
        subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
        running.manage("import_studies", f"{folder}/study", "--cohort", "editor")
        running.manage("prepare_studies", "--cohort", "editor")
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        reader = Reader(browser, running, times)
        reader.sign_in("/", done="() => document.querySelector('[data-testid=user]')")
        get = reader.page.request.get
        cohort = get("/api/v1/cohorts").json()["results"][0]["id"]
        study = get(f"/api/v1/cohorts/{cohort}/studies").json()["results"][0]["id"]
        address = f"/studies/{study}/draw"
        for _ in range(OPENINGS):
            times["first image"].append(opened(reader, address, "views().some(there)"))
        for _ in range(OPENINGS):
            # All four side by side from the first moment on that the page takes keys.
            four = (
                "(views().length === 4 && views().every(there)) || (views().length === 3 && "
                "performance.now() - (window.asked ?? 0) > 100 && (window.asked = performance.now()) && "
                "dispatchEvent(new KeyboardEvent('keydown', {key: 'g', bubbles: true})) && false)"
            )
            times["all phases"].append(opened(reader, address, four))
        for what in ("slice while the rest comes, four phases", "slice, four phases", "slice, three planes"):
            if what == "slice, four phases":
                reader.page.wait_for_load_state("networkidle")
            for step in range(STEPS):
                # To and fro within the volume.
                key = "PageDown" if (step // 20) % 2 == 0 else "PageUp"
                reader.press(what, key)
            if "while" not in what:
                reader.page.keyboard.press("g")
        browser.close()
    return times


def table(times: Times) -> str:
    lines = ["| what | n | median ms | p95 ms | limit ms |", "|---|---|---|---|---|"]
    for what, taken in times.items():
        if what not in LIMITS_MS:
            continue
        p95 = statistics.quantiles(taken, n=20)[-1] if len(taken) > 5 else max(taken)
        lines.append(
            f"| {what} | {len(taken)} | {statistics.median(taken):.0f} | {p95:.0f} | {LIMITS_MS[what]} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matrix", type=int, default=512)
    parser.add_argument("--slices", type=int, default=60)
    asked = parser.parse_args()
    print(table(measured(asked.matrix, asked.slices)))
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
