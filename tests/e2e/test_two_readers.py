"""Two readers who see nothing of each other, an adjudicator of what they differ in, and what stands then."""

from __future__ import annotations

import csv
import io
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import sign_in
from tests.e2e.running import Installation

pytestmark = pytest.mark.e2e


def test_what_two_readers_differ_in_is_decided_by_a_third(
    page: Page, browser: Browser, running: Installation, phantoms: Path
) -> None:
    running.manage("import_studies", str(phantoms / "pool" / "study-0002"), "--cohort", "pairs")
    # Whatever other tests have trained and promoted, this one reads what the reference detector proposes.
    running.manage("promote_model", "detector-v1")
    unfiltered = "ModelVersion.objects.filter(kind='key_slice_filter').update(promoted=False)"
    running.manage("shell", "-c", f"from harvest.models import ModelVersion; {unfiltered}")
    sign_in(page, running, "manager")
    cohort = next(c for c in _get(page, "/cohorts")["results"] if c["name"] == "pairs")
    _patch(page, f"/cohorts/{cohort['id']}", {"score_threshold": 0, "max_candidates": 3})
    page.goto(f"/cohorts/{cohort['id']}/rounds")
    page.get_by_test_id("reading-policy").select_option("two_adjudicated")
    expect(page.get_by_test_id("reading-policy")).to_be_enabled()
    page.get_by_test_id("round-hidden").fill("0")
    page.get_by_test_id("round-scratch").fill("0")
    page.get_by_test_id("round-start").click()
    row = page.get_by_test_id("round-row")
    expect(row).to_have_attribute("data-state", "succeeded", timeout=240_000)
    round_id = _get(page, f"/cohorts/{cohort['id']}/rounds")["results"][0]["id"]
    candidates = int(page.get_by_test_id("round-candidates").inner_text())
    assert candidates >= 2

    # The first one accepts the best candidate, the second rejects them all; neither sees the other's word.
    for name, keys in (("reader-a", ("a", "d")), ("reader-b", ("d",))):
        with _as(browser, running, name) as reader:
            reader.goto(f"/rounds/{round_id}/review")
            rows = reader.get_by_test_id("candidate-row")
            expect(rows).to_have_count(candidates)
            assert [r.get_attribute("data-verdict") for r in rows.all()] == [""] * candidates
            for key in keys:
                reader.keyboard.press(key)
            reader.get_by_test_id("finished").wait_for()
            # Who has read a study does not decide on it.
            reader.goto(f"/rounds/{round_id}/adjudicate")
            reader.get_by_test_id("adjudicated").wait_for()
    assert _lesions(page, cohort["id"]) == []

    with _as(browser, running, "reader-c") as judge:
        judge.goto(f"/rounds/{round_id}/adjudicate")
        expect(judge.get_by_test_id("question")).to_have_count(1)
        said = {judge.get_by_test_id(f"opinion-{side}").inner_text().split("\n")[1] for side in "AB"}
        assert said == {"Primary lesion", "Not a lesion"}
        judge.keyboard.press("Space")
        expect(judge.get_by_test_id("note")).to_contain_text("still to be decided")
        who = "A" if "Primary" in judge.get_by_test_id("opinion-A").inner_text() else "B"
        judge.keyboard.press({"A": "ArrowLeft", "B": "ArrowRight"}[who])
        expect(judge.get_by_test_id(f"opinion-{who}")).to_have_attribute("aria-pressed", "true")
        judge.keyboard.press("Space")
        judge.get_by_test_id("adjudicated").wait_for()
    assert [lesion["primary"] for lesion in _lesions(page, cohort["id"])] == [True]
    _figures_are_told(page, cohort["id"], candidates)


def _figures_are_told(page: Page, cohort: str, candidates: int) -> None:
    """A data manager sees how far the two agree, and what all three spent."""
    page.goto(f"/cohorts/{cohort}")
    page.get_by_test_id("about-readers").get_by_role("link", name="Agreement").click()
    pair = page.get_by_test_id("kappas").get_by_role("row", name="reader-a and reader-b")
    expect(pair).to_contain_text(f"{100 * (candidates - 1) / candidates:.1f} %")
    expect(pair.locator("td").nth(1)).to_have_text(str(candidates))
    expect(page.get_by_test_id("boxes").locator("tbody tr.all td").nth(0)).to_have_text("0")
    page.get_by_role("link", name="Labour").click()
    readers = page.get_by_test_id("labour-rows").locator("tbody th")
    expect(readers).to_have_text(["reader-a", "reader-b", "reader-c"])
    with page.expect_download() as saved:
        page.get_by_test_id("labour-csv").click()
    table = list(csv.DictReader(io.StringIO(saved.value.path().read_text())))
    assert {(row["reader"], row["adjudication"]) for row in table} == {
        ("reader-a", "0"),
        ("reader-b", "0"),
        ("reader-c", "1"),
    }
    page.get_by_role("link", name="Automation bias").click()
    expect(page.get_by_test_id("empty")).to_contain_text("No gold study is hidden")


class _as:
    """A browser profile of a reader's own, who is made on the way."""

    def __init__(self, browser: Browser, running: Installation, name: str) -> None:
        self.browser, self.running, self.name = browser, running, name

    def __enter__(self) -> Page:
        password = secrets.token_urlsafe(12)
        self.running.manage(
            "shell",
            "-c",
            "from harvest.domain import Role; from harvest.services.people import create_login; "
            f"create_login(username={self.name!r}, password={password!r}, role=Role.CLINICIAN)",
        )
        self.context = self.browser.new_context(
            viewport={"width": 1366, "height": 768}, base_url=self.running.url
        )
        page = self.context.new_page()
        page.set_default_timeout(60_000)
        page.goto("/")
        page.fill("input[name=username]", self.name)
        page.fill("input[name=password]", password)
        page.click("button[type=submit]")
        page.get_by_test_id("user").wait_for()
        return page

    def __exit__(self, *_: object) -> None:
        self.context.close()


def _lesions(page: Page, cohort: str) -> list[dict[str, Any]]:
    study = _get(page, f"/cohorts/{cohort}/studies")["results"][0]
    return list(_get(page, f"/studies/{study['id']}")["lesions"])


def _get(page: Page, path: str) -> Any:
    answer = page.request.get(f"/api/v1{path}")
    assert answer.ok, answer.text()
    return answer.json()


def _patch(page: Page, path: str, body: dict[str, Any]) -> None:
    token = next(c["value"] for c in page.context.cookies() if c["name"] == "csrftoken")
    answer = page.request.patch(
        f"/api/v1{path}",
        data=json.dumps(body),
        headers={"X-CSRFToken": token, "Content-Type": "application/json", "Referer": page.url},
    )
    assert answer.ok, answer.text()
