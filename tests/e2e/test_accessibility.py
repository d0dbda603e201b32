"""Every page by the rules of WCAG 2.2 AA, the whole of a reading by keys, and pages in each language."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.conftest import sign_in
from tests.e2e.running import REPOSITORY, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

AXE = REPOSITORY / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
ROUTES = REPOSITORY / "frontend" / "src" / "app" / "routes.tsx"
# Landmarks, headings and their order are no rules of WCAG; people who read by ear go by them all the same.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESK = ViewportSize(width=1366, height=768)
READING_STATION = ViewportSize(width=3840, height=2160)


@dataclass(frozen=True)
class Harvest:
    """A cohort in the middle of its loop, and one with nothing in it."""

    cohort: str
    empty: str
    round: str
    study: str
    training: str
    models: tuple[str, str]


# Where each page is seen, with data and without.
VISITS: dict[str, Callable[[Harvest], list[str]]] = {
    "/": lambda _: ["/"],
    "/login": lambda _: [],
    **{
        f"/cohorts/:id{part}": lambda h, part=part: [
            f"/cohorts/{h.cohort}{part}",
            f"/cohorts/{h.empty}{part}",
        ]
        for part in (
            "",
            "/import",
            "/studies",
            "/labels",
            "/rounds",
            "/training",
            "/releases",
            "/agreement",
            "/bias",
            "/labour",
            "/members",
        )
    },
    "/rounds/:id/report": lambda h: [f"/rounds/{h.round}/report"],
    "/rounds/:id/arms": lambda h: [f"/rounds/{h.round}/arms"],
    # Held for whoever opens it, so it is for the clinician of the tests below.
    "/rounds/:id/review/:roundStudy?": lambda _: [],
    "/rounds/:id/adjudicate": lambda h: [f"/rounds/{h.round}/adjudicate"],
    "/studies/:id/draw": lambda h: [f"/studies/{h.study}/draw"],
    "/training/:id": lambda h: [f"/training/{h.training}"],
    "/models": lambda _: ["/models"],
    "/models/compare": lambda h: [f"/models/compare?a={h.models[0]}&b={h.models[1]}"],
    "/models/:id": lambda h: [f"/models/{h.models[0]}"],
    "/network": lambda _: ["/network"],
    "/audit": lambda _: ["/audit"],
    "/tokens": lambda _: ["/tokens"],
}


@pytest.fixture(scope="module")
def harvest(browser: Browser, running: Installation, phantoms: Path) -> Harvest:
    rigid = Installation(
        running.home, running.port, {**running.env, "HARVEST_REGISTRATION": "rigid"}, running.launcher
    )
    rigid.manage("import_studies", str(phantoms / "pool" / "study-0003"), "--cohort", "access")
    few = "Cohort.objects.filter(name='access').update(score_threshold=0, max_candidates=3)"
    running.manage("shell", "-c", f"from harvest.models import Cohort; {few}")
    running.manage("run_round", "--cohort", "access", "--wait")
    with profile(browser, running) as page:
        sign_in(page, running, "admin")
        cohort = next(c["id"] for c in call(page, "/cohorts")["results"] if c["name"] == "access")
        study = call(page, f"/cohorts/{cohort}/studies")["results"][0]["id"]
        geometry = call(page, f"/studies/{study}")["geometry"]
        middle = [
            origin + spacing * size / 2
            for origin, spacing, size in zip(
                geometry["origin_xyz_mm"],
                geometry["spacing_xyz_mm"],
                reversed(geometry["shape_zyx"]),
                strict=True,
            )
        ]
        box = {"lo": [mm - 10 for mm in middle], "hi": [mm + 10 for mm in middle], "primary": True}
        call(page, f"/studies/{study}/lesions", {"id": str(uuid.uuid4()), **box})
        what = {"kinds": ["detector"], "size": "tiny", "overrides": {"steps": 1}}
        training = call(page, f"/cohorts/{cohort}/training-runs", what)[0]["id"]
        call(page, f"/training-runs/{training}/cancel", {})
        detector, other = call(page, "/models")["results"][:2]
        return Harvest(
            cohort=cohort,
            empty=call(page, "/cohorts", {"name": "access-empty", "description": ""})["id"],
            round=call(page, f"/cohorts/{cohort}/rounds")["results"][0]["id"],
            study=study,
            training=training,
            models=(detector["id"], other["id"]),
        )


def test_every_page_keeps_to_the_rules_and_fits_a_small_screen(
    page: Page, running: Installation, harvest: Harvest
) -> None:
    page.goto("/")
    page.get_by_test_id("login").wait_for()
    broken = {"sign in": violations(page)}
    sign_in(page, running, "admin")
    assert sorted(VISITS) == sorted(re.findall(r'pattern: "([^"]+)"', ROUTES.read_text("utf-8")))
    for address in [*(a for visit in VISITS.values() for a in visit(harvest)), "/nowhere"]:
        show(page, address)
        broken[address] = violations(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            broken[address].append("the page is wider than the screen")
    assert {address: what for address, what in broken.items() if what} == {}


def test_help_and_keys_keep_to_the_rules(page: Page, running: Installation, harvest: Harvest) -> None:
    sign_in(page, running, "clinician")
    show(page, f"/cohorts/{harvest.cohort}/studies")
    page.keyboard.press("?")
    expect(page.get_by_test_id("page-help-dialog")).to_contain_text("Studies")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("page-help-dialog")).to_have_count(0)
    show(page, f"/rounds/{harvest.round}/review")
    page.get_by_test_id("review").wait_for()
    assert violations(page) == []
    page.keyboard.press("?")
    page.get_by_test_id("keys-dialog").wait_for()
    assert violations(page) == []


def test_a_reading_station_shows_more_and_nothing_is_cut_off(
    browser: Browser, running: Installation, harvest: Harvest
) -> None:
    heights = {}
    for screen in (DESK, READING_STATION):
        with profile(browser, running, viewport=screen) as page:
            sign_in(page, running, "clinician")
            show(page, f"/rounds/{harvest.round}/review")
            page.get_by_test_id("review").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert page.locator(".grid").evaluate("grid => grid.scrollWidth <= grid.clientWidth")
            expect(page.get_by_test_id("next-study")).to_be_in_viewport(ratio=1)
            heights[screen["width"]] = {
                part: page.locator(part).first.bounding_box()["height"]  # type: ignore[index]
                for part in (".tile", ".rail h2")
            }
    desk, station = heights[1366], heights[3840]
    assert station[".tile"] > 2 * desk[".tile"]
    assert station[".rail h2"] > 1.4 * desk[".rail h2"]


def test_a_person_reads_in_their_language_wherever_they_sign_in(
    browser: Browser, running: Installation, harvest: Harvest
) -> None:
    with profile(browser, running, locale="zh-CN") as page:
        # Before anybody signs in, the language is the browser's.
        page.goto("/")
        expect(page.get_by_test_id("login")).to_contain_text("登录")
        sign_in(page, running, "engineer")
        page.get_by_test_id("language").select_option("fr")
        expect(page.locator("html")).to_have_attribute("lang", "fr")
        expect(page.locator("h1")).to_have_text("Cohortes")
    try:
        with profile(browser, running, locale="en-GB") as page:
            sign_in(page, running, "engineer")
            expect(page.locator("h1")).to_have_text("Cohortes")
            for part in ("", "/import", "/rounds", "/training"):
                show(page, f"/cohorts/{harvest.cohort}{part}")
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), part
            # What the server says as well.
            show(page, "/rounds/00000000-0000-0000-0000-000000000000/arms")
            expect(page.get_by_test_id("error").first).to_contain_text("Ce tour n’existe pas.")
    finally:
        running.manage(
            "shell", "-c", "from harvest.models import Preferences; Preferences.objects.all().delete()"
        )


def test_a_study_is_read_from_the_sign_in_to_the_end_without_a_mouse(
    page: Page, running: Installation, harvest: Harvest
) -> None:
    page.goto("/")
    page.get_by_test_id("login").wait_for()
    page.keyboard.type("clinician")
    page.keyboard.press("Tab")
    page.keyboard.type(running.logins["clinician"])
    page.keyboard.press("Enter")
    page.get_by_test_id("cohorts").wait_for()
    tab_to(page, f"a[href='/rounds/{harvest.round}/review']")
    page.keyboard.press("Enter")
    rows = page.get_by_test_id("candidate-row")
    expect(rows).to_have_count(3)
    for key in ("a", "u", "k", "z", "Shift+R", " "):
        page.keyboard.press(key)
    page.get_by_test_id("finished").wait_for()
    expect(page.get_by_test_id("finished")).to_be_visible()
    assert violations(page) == []
    assert call(page, f"/rounds/{harvest.round}")["reviewed"] == 1


def tab_to(page: Page, selector: str) -> None:
    """Goes on by Tab, seeing where it is at every step."""
    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """selector => {
                const at = document.activeElement, style = getComputedStyle(at);
                return { there: at.matches(selector), what: at.outerHTML.slice(0, 80),
                         seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
            }""",
            selector,
        )
        assert here["seen"], f"the focus is not seen on {here['what']}"
        if here["there"]:
            return
    raise AssertionError(f"Tab does not reach {selector}")


def show(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("main h1").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")


def violations(page: Page) -> list[str]:
    """What breaks a rule of axe-core on the page as it stands: the rule and the first part that breaks it."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        """async rules => {
            const { violations } = await axe.run(document, { runOnly: { type: 'tag', values: rules } });
            return violations.map(({ id, nodes }) => [id, nodes[0].html]);
        }""",
        RULES,
    )
    return [f"{rule}: {html[:200]}" for rule, html in found]


@contextmanager
def profile(browser: Browser, running: Installation, **options: Any) -> Iterator[Page]:
    """A browser of its own."""
    context = browser.new_context(base_url=running.url, **{"viewport": DESK, **options})
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


def call(page: Page, path: str, body: dict[str, Any] | None = None) -> Any:
    if body is None:
        answer = page.request.get(f"/api/v1{path}")
    else:
        token = next(c["value"] for c in page.context.cookies() if c.get("name") == "csrftoken")
        headers = {"X-CSRFToken": token, "Content-Type": "application/json", "Referer": page.url}
        answer = page.request.post(f"/api/v1{path}", data=json.dumps(body), headers=headers)
    assert answer.ok, answer.text()
    return answer.json()
