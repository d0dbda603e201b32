"""Phases that names and images disagree about: pictures, a proposal, one click."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from detector.phantom.timing import timed_study
from detector.phantom.write import write_nifti
from tests.e2e.conftest import sign_in
from tests.e2e.running import Installation

pytestmark = pytest.mark.e2e

SECONDS = 1000


def test_one_click_confirms_what_the_images_show(page: Page, running: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    volumes = timed_study(1, 1, "training").volumes
    swapped = {"arterial": "portal_venous", "portal_venous": "arterial"}
    for name, phase in swapped.items():
        write_nifti(volumes[phase], folder / f"{name}.nii.gz")
    sign_in(page, running, "manager")
    page.get_by_test_id("cohort-name-input").fill("asked")
    page.get_by_test_id("cohort-create").click()
    page.wait_for_url(re.compile(r"/cohorts/[0-9a-f-]{36}"))
    page.goto(f"/cohorts/{page.url.rsplit('/cohorts/', 1)[1].split('/')[0]}/import")
    page.get_by_test_id("import-drop").wait_for()
    page.get_by_test_id("import-folder").set_input_files(str(folder))

    page.get_by_test_id("phase-question").wait_for(timeout=120 * SECONDS)
    for name, phase in swapped.items():
        expect(page.get_by_test_id(f"phase-of-{name}")).to_have_value(phase)
        picture = page.get_by_test_id(f"series-{name}").locator("img")
        expect(picture).to_have_js_property("naturalWidth", 240)
    page.get_by_test_id("phases-send").click()
    expect(page.get_by_test_id("import-row").first.get_by_test_id("import-counts")).to_contain_text(
        "1 taken", timeout=120 * SECONDS
    )
