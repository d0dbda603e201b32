"""`python -m tests.bench.grid`: the review grid in Chromium, on a real installation, studies of 40 tiles.

Phantom studies of four phases, a detector that may show everything it finds (ten candidates a study). Times
are taken in the page: from the event of a key or a click until the frame that shows its effect has been
painted. A study is shown when the key slices of all its tiles are.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.e2e.conftest import FLAGS, chromium
from tests.e2e.running import REPOSITORY, Installation, installation

MBIT_S = 100
LATENCY_MS = 5
# A reader looks at a study before judging it; meanwhile the rest of it and the next ones are loaded.
LOOK_MS = 1500
SLOWLY = f"first tiles at {MBIT_S} Mbit/s, page and all"
LIMITS_MS = {
    "verdict key to paint": 50,
    "other candidate to paint": 50,
    "slice of all phases to paint": 50,
    "whole slice to paint": 50,
    "next study": 200,
    "first study after login": 2000,
    SLOWLY: 1000,
}

# What is counted by its address, as three studies are loaded.
KINDS = {
    "part=key": "key slices of three studies",
    "part=neighbours": "their neighbours, of two studies",
    "/slices/": "whole slices of the current candidate",
    "/api/v1/rounds/": "what is known of three studies",
}

MEASURE = """
window.shown = () => {
  const tiles = [...document.querySelectorAll('[data-testid=tile]')];
  return tiles.length > 0 && tiles.every((tile) => tile.querySelector('img.shown.loaded'));
};
window.measure = (kind, done) => new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error(`not within 60 s of ${kind}: ${done}`)), 60000);
  addEventListener(kind, ({ timeStamp }) => {
    const look = () => {
      if (!done()) return requestAnimationFrame(look);
      const painted = new MessageChannel();
      painted.port1.onmessage = () => resolve(performance.now() - timeStamp);
      painted.port2.postMessage(0);
    };
    requestAnimationFrame(look);
  }, { capture: true, once: true });
});
"""
Times = dict[str, list[float]]


class Reader:
    """One reader's browser: what is pressed in it, how long it takes and how much it fetches."""

    def __init__(self, browser: Browser, running: Installation, times: Times) -> None:
        self.times = times
        self.context = browser.new_context(viewport={"width": 1366, "height": 768}, base_url=running.url)
        self.context.add_init_script(MEASURE)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(90_000)
        self.password = running.logins["clinician"]
        self.network: CDPSession = self.context.new_cdp_session(self.page)
        self.network.send("Network.enable")
        self.bytes: dict[str, int] = defaultdict(int)
        self.addresses: dict[str, str] = {}
        self.network.on("Network.responseReceived", self._told)
        self.network.on("Network.loadingFinished", self._came)

    def _told(self, event: dict[str, Any]) -> None:
        self.addresses[event["requestId"]] = event["response"]["url"]

    def _came(self, event: dict[str, Any]) -> None:
        address = self.addresses.get(event["requestId"], "")
        for kind in KINDS:
            if kind in address:
                self.bytes[kind] += int(event["encodedDataLength"])

    @contextmanager
    def timed(self, what: str, kind: str = "keydown", done: str = "() => true") -> Iterator[None]:
        """Milliseconds from the event of this kind within the block until `done` is painted."""
        self.page.evaluate(f"window.took = measure('{kind}', {done}); 0")
        yield
        self.times[what].append(self.page.evaluate("window.took"))

    def press(self, what: str, key: str, done: str = "() => true") -> None:
        with self.timed(what, done=done):
            self.page.keyboard.press(key)

    def sign_in(self, address: str, done: str = "() => shown()") -> None:
        self.page.goto(address)
        self.page.fill("input[name=username]", "clinician")
        self.page.fill("input[name=password]", self.password)
        with self.timed("first study after login", "click", done):
            self.page.click("button[type=submit]")

    def read(self) -> None:
        """Judges every candidate of the study on the screen, after a look, and looks about."""
        self.page.wait_for_timeout(LOOK_MS)
        rows = self.page.get_by_test_id("candidate-row").count()
        for place in range(rows):
            here = f"document.querySelectorAll('[data-testid=candidate-row]')[{place}]"
            for key, verdict in (("u", "unsure"), ("r", "not_a_lesion"), ("a", "primary_lesion")):
                done = f"() => {here}.dataset.verdict === '{verdict}'"
                self.press("verdict key to paint", key, done)
            self.press("slice of all phases to paint", "ArrowUp", "() => shown()")
            if place + 1 < rows:
                self.press("other candidate to paint", "j")
        self.press("whole slice to paint", "f", "() => document.querySelector('[data-testid=whole-slice]')")
        self.page.keyboard.press("f")

    def go_on(self) -> bool:
        """The next study, where there is one."""
        before = self.page.get_by_test_id("review").get_attribute("data-round-study")
        finished = "document.querySelector('[data-testid=finished]')"
        other = f"document.querySelector('[data-testid=review]')?.dataset.roundStudy !== '{before}'"
        self.page.evaluate(f"window.took = measure('keydown', () => {other} && (shown() || {finished})); 0")
        self.page.keyboard.press("d")
        took = self.page.evaluate("window.took")
        if self.page.get_by_test_id("finished").count():
            return False
        self.times["next study"].append(took)
        return True

    def open_slowly(self, address: str, what: str) -> None:
        """Opens a study with nothing kept, over a slow network; from the navigation to the first tile."""
        self.network.send("Network.clearBrowserCache")
        slow = {"downloadThroughput": MBIT_S * 125_000, "uploadThroughput": MBIT_S * 125_000}
        self.network.send(
            "Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **slow}
        )
        self.bytes.clear()
        self.page.goto(address, wait_until="commit")
        for name, done in ((what, "document.querySelector('img.shown.loaded')"), (f"{what}: all", "shown()")):
            look = f"(look = () => ({done}) ? resolve(performance.now()) : requestAnimationFrame(look))()"
            self.times[name].append(
                self.page.evaluate(f"() => new Promise((resolve) => {{ let look; {look} }})")
            )
        self.page.wait_for_load_state("networkidle")


def fill(running: Installation, folder: Path, studies: int, matrix: int) -> None:
    """Phantom studies with ten candidates each, in a round that waits for readers."""
    shape = ("--studies", str(studies), "--seed", "11", "--matrix", str(matrix), "--slices", "40")
    command = [sys.executable, "-m", "detector", "phantom", "--out", str(folder), *shape]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    running.manage("import_studies", str(folder), "--cohort", "grid")
    everything = "from harvest.models import Cohort; Cohort.objects.update(score_threshold=0)"
    running.manage("shell", "-c", everything)
    running.manage("run_round", "--cohort", "grid", "--wait")


def round_address(reader: Reader) -> str:
    get = reader.page.request.get
    cohort = get("/api/v1/cohorts").json()["results"][0]["id"]
    return f"/rounds/{get(f'/api/v1/cohorts/{cohort}/rounds').json()['results'][0]['id']}/review"


def measured(studies: int, matrix: int) -> tuple[Times, dict[str, int]]:
    """Milliseconds by what was done, and bytes by kind that a reader's first three studies take."""
    times: Times = defaultdict(list)
    rigid = {"HARVEST_REGISTRATION": "rigid"}
    with (
        tempfile.TemporaryDirectory(prefix="hvg") as folder,
        installation(Path(folder) / "var", **rigid) as running,
        sync_playwright() as playwright,
    ):
        fill(running, Path(folder) / "phantoms", studies, matrix)
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        warm = Reader(browser, running, defaultdict(list))
        warm.sign_in("/", done="() => document.querySelector('[data-testid=user]')")
        address = round_address(warm)
        warm.context.close()
        for _ in range(5):
            newcomer = Reader(browser, running, times)
            newcomer.sign_in(address)
            newcomer.context.close()
        reader = Reader(browser, running, times)
        reader.sign_in(address)
        for _ in range(5):
            reader.open_slowly(address, SLOWLY)
        fetched = dict(reader.bytes)
        while True:
            reader.read()
            if not reader.go_on():
                break
        browser.close()
    return times, fetched


def figures(studies: int = 6, matrix: int = 384) -> list[tuple[str, str, str]]:
    """What was measured, its value, and its limit."""
    times, fetched = measured(studies, matrix)
    rows = []
    for what, taken in times.items():
        p95 = statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
        value = f"{statistics.median(taken):.0f} ms, p95 {p95:.0f} (n {len(taken)})"
        rows.append((what, value, f"limit {LIMITS_MS[what]}" if what in LIMITS_MS else ""))
    rows += [(KINDS[kind], f"{n / 1000:.0f} kB", "") for kind, n in fetched.items()]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=6)
    parser.add_argument("--matrix", type=int, default=384)
    asked = parser.parse_args()
    rows = figures(asked.studies, asked.matrix)
    print(f"{asked.studies} studies of {asked.matrix} x {asked.matrix} x 40; load {os.getloadavg()[0]:.1f}")
    print("| what | value | limit |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
