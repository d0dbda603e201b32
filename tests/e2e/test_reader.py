"""A scripted reader through a whole round by keys, with the network cut once: nothing lost, nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import sign_in
from tests.e2e.running import Installation
from tests.e2e.scripted_reader import prepare, read, stored

pytestmark = pytest.mark.e2e
STUDIES = 10


def test_ten_studies_and_one_cut(page: Page, running: Installation, tmp_path: Path) -> None:
    round_id = prepare(running, tmp_path / "phantoms", studies=STUDIES)
    sign_in(page, running, "clinician")
    pressed = read(page, round_id, studies=STUDIES, cuts=1, seed=4)
    expect(page.get_by_text("all answers stored")).to_be_visible()
    assert pressed.cuts == 1
    there = stored(running, round_id)
    assert there["verdicts"] == {id: said for id, said in pressed.verdicts.items() if said}
    assert there["events"] == pressed.events
