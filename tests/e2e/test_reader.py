"""A scripted reader through a whole round by keys, with the network cut once: nothing lost, nothing twice."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import sign_in
from tests.e2e.running import Installation
from tests.e2e.scripted_reader import SMALL, propose, read, stored

pytestmark = pytest.mark.e2e


def test_ten_studies_and_one_cut(page: Page, running: Installation, small_cohort: str) -> None:
    round_id = propose(running, small_cohort)
    sign_in(page, running, "clinician")
    pressed = read(page, round_id, studies=SMALL, cuts=1, seed=4)
    expect(page.get_by_text("all answers stored")).to_be_visible()
    assert pressed.cuts == 1
    there = stored(running, round_id)
    assert there["verdicts"] == {id: said for id, said in pressed.verdicts.items() if said}
    assert there["events"] == pressed.events

    # From the end of the round, too, undo goes back.
    page.keyboard.press("z")
    last = page.get_by_test_id("review")
    expect(last).to_have_attribute("data-round-study", list(pressed.verdicts)[-1])
    page.keyboard.press("d")
    page.get_by_test_id("finished").wait_for()
