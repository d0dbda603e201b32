"""A large upload that the network cuts off: whoever chooses the same file again goes on where it stopped."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import sign_in
from tests.e2e.running import Installation

pytestmark = pytest.mark.e2e
MEGABYTE = 1_000_000


def archive_of(study: Path, path: Path) -> Path:
    """A study and 55 MB that do not compress: more than one request takes."""
    with zipfile.ZipFile(path, "w") as packed:
        for file in (p for p in study.rglob("*") if p.is_file()):
            packed.write(file, f"study/{file.relative_to(study)}")
        packed.writestr("noise.txt", os.urandom(55 * MEGABYTE))
    return path


def test_a_cut_upload_goes_on_after_a_reload(
    running: Installation, page: Page, phantoms: Path, tmp_path: Path
) -> None:
    archive = archive_of(phantoms / "pool" / "study-0001", tmp_path / "scan.zip")
    sign_in(page, running, "manager")
    made = page.request.post(
        "/api/v1/cohorts",
        data={"name": "uploaded"},
        headers={"X-CSRFToken": next(c["value"] for c in page.context.cookies() if c["name"] == "csrftoken")},
    )
    address = f"/cohorts/{made.json()['id']}/import"
    carried: list[str] = []

    def carry(route: Route) -> None:
        carried.append(route.request.method)
        route.continue_()

    def carry_the_first(route: Route) -> None:
        if carried:
            route.abort()
        else:
            carry(route)

    page.route("**/uploads", carry_the_first)
    page.goto(address)
    page.get_by_test_id("import-files").set_input_files(str(archive))
    expect(page.get_by_role("alert")).to_contain_text("go on where it stopped", timeout=60_000)

    page.unroute("**/uploads")
    page.route("**/uploads", carry)
    page.goto(address)
    page.get_by_test_id("import-files").set_input_files(str(archive))
    row = page.get_by_test_id("import-row").first
    expect(row).to_have_attribute("data-state", "succeeded", timeout=120_000)
    expect(row.get_by_test_id("import-counts")).to_contain_text("1 taken")
    # One request carried the first three parts; after the reload one more was enough for the rest.
    assert carried == ["POST", "POST"]
