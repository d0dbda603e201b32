"""A hundred studies read by keys in Chromium, the network cut ten times: seconds, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.e2e.conftest import FLAGS, chromium, sign_in
from tests.e2e.running import installation
from tests.e2e.scripted_reader import import_small, propose, read, stored

pytestmark = pytest.mark.soak
SEED = 20261126


def test_a_hundred_studies_and_ten_cuts(tmp_path: Path) -> None:
    with installation(tmp_path / "var") as running, sync_playwright() as playwright:
        round_id = propose(running, import_small(running, tmp_path / "phantoms", studies=100))
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_context(viewport={"width": 1366, "height": 768}, base_url=running.url).new_page()
        sign_in(page, running, "clinician")
        pressed = read(page, round_id, studies=100, cuts=10, seed=SEED)
        expect(page.get_by_text("all answers stored")).to_be_visible(timeout=60_000)
        there = stored(running, round_id)
        browser.close()
    print(f"\nseed {SEED}: {pressed}")
    assert there["verdicts"] == {id: said for id, said in pressed.verdicts.items() if said}
    assert there["events"] == pressed.events
