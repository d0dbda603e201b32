"""Whatever happens on the way to the server, what a reader pressed is stored once, and the reader sees it."""

from __future__ import annotations

import os
import re
import signal
from typing import Any

import psutil
import psycopg
import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import sign_in
from tests.e2e.running import Installation
from tests.e2e.scripted_reader import propose

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

REVIEWS = re.compile(r"/round-studies/[^/]+/(reviews|complete)$")
REJECTED, ACCEPTED, UNSURE = "not_a_lesion", "primary_lesion", "unsure"


@pytest.fixture(scope="module")
def round_id(running: Installation, small_cohort: str) -> str:
    """A round whose studies have several candidates each, for this file alone."""
    return propose(running, small_cohort)


@pytest.fixture
def study(page: Page, running: Installation, round_id: str) -> str:
    """A study that nobody has judged, on the screen."""
    sign_in(page, running, "clinician")
    return open_next(page, round_id)


def asked(running: Installation, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """What the installation's database answers."""
    url = (running.home / "run" / "database-url").read_text()
    with psycopg.connect(url, autocommit=True) as database:
        cursor = database.execute(sql, values)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


def stored(running: Installation, study: str) -> list[tuple[int | None, str]]:
    """The events of a study as they were stored: the candidate's rank and the verdict, or "undo"."""
    return asked(
        running,
        "SELECT c.rank, CASE WHEN r.undoes_id IS NULL THEN r.verdict ELSE 'undo' END FROM harvest_review r "
        "LEFT JOIN harvest_candidate c ON c.id = r.candidate_id WHERE r.round_study_id = %s "
        "ORDER BY r.sequence",
        study,
    )


def open_next(page: Page, round_id: str) -> str:
    page.goto(f"/rounds/{round_id}/review")
    return on_screen(page)


def on_screen(page: Page) -> str:
    page.get_by_test_id("review").wait_for()
    page.wait_for_load_state("networkidle")
    return page.get_by_test_id("review").get_attribute("data-round-study") or ""


def judge(page: Page, *verdicts: tuple[int, str]) -> None:
    """Gives verdicts by keys, each on the candidate of a rank."""
    keys = {REJECTED: "r", ACCEPTED: "a", UNSURE: "u"}
    rows = page.get_by_test_id("candidate-row")
    for rank, verdict in verdicts:
        rows.nth(rank - 1).locator(".rank").click()
        page.keyboard.press(keys[verdict])
        expect(rows.nth(rank - 1)).to_have_attribute("data-verdict", verdict)


def all_is_stored(page: Page) -> None:
    outbox = page.get_by_test_id("outbox")
    expect(outbox).to_have_attribute("data-waiting", "0")
    expect(outbox).to_have_text("all stored")


def leave(page: Page, study: str) -> None:
    """Goes on from a study that is wholly judged, or whose rest is no lesions."""
    page.keyboard.press("d")
    expect(page.get_by_test_id("review")).not_to_have_attribute("data-round-study", study)
    all_is_stored(page)


def receipts(page: Page) -> list[str]:
    marks = page.get_by_test_id("candidate-row").get_by_test_id("receipt")
    return [mark.get_attribute("data-receipt") or "" for mark in marks.all()]


def web_server(running: Installation) -> psutil.Process:
    children = psutil.Process(running.launcher.pid).children(recursive=True)
    return next(p for p in children if "waitress" in p.cmdline())


def test_undo_goes_back_into_the_study_before_and_opens_it_again(
    page: Page, running: Installation, study: str
) -> None:
    rows = page.get_by_test_id("candidate-row")
    judge(page, (1, ACCEPTED))
    leave(page, study)
    review = page.get_by_test_id("review")
    done = "SELECT state FROM harvest_reading WHERE round_study_id = %s"
    assert asked(running, done, study) == [("done",)]
    page.keyboard.press("z")
    expect(review).to_have_attribute("data-round-study", study)
    # One key gave the rejections, one key takes them back; what was accepted by another stands.
    expect(rows.first).to_have_attribute("data-verdict", ACCEPTED)
    expect(rows.nth(1)).to_have_attribute("data-verdict", "")
    all_is_stored(page)
    assert asked(running, done, study) == [("leased",)]
    leave(page, study)
    assert asked(running, done, study) == [("done",)]


def test_a_lost_network_loses_nothing_and_stops_nobody(page: Page, running: Installation, study: str) -> None:
    judge(page, (1, REJECTED))
    all_is_stored(page)
    page.context.set_offline(True)
    judge(page, (2, ACCEPTED), (3, UNSURE))
    expect(page.get_by_test_id("outbox")).to_contain_text("waiting for the server")
    assert receipts(page) == ["stored", "queued", "queued"]
    page.keyboard.press("d")
    expect(page.get_by_test_id("review")).not_to_have_attribute("data-round-study", study)
    after = page.get_by_test_id("review").get_attribute("data-round-study") or ""
    expect(page.get_by_test_id("tile").first.locator("img.shown")).to_have_class(re.compile("loaded"))
    judge(page, (1, REJECTED), (1, ACCEPTED))
    page.keyboard.press("z")
    expect(page.get_by_test_id("candidate-row").first).to_have_attribute("data-verdict", REJECTED)
    page.context.set_offline(False)
    all_is_stored(page)
    assert stored(running, study) == [(1, REJECTED), (2, ACCEPTED), (3, UNSURE), (4, REJECTED)]
    assert stored(running, after) == [(1, REJECTED), (1, ACCEPTED), (1, "undo")]
    assert receipts(page) == ["stored"]
    leave(page, after)


def test_a_server_killed_after_it_stored_and_before_it_answered_stores_nothing_twice(
    page: Page, running: Installation, study: str
) -> None:
    killed: list[int] = []

    def kill(route: Route) -> None:
        if killed:
            return route.continue_()
        answer = route.fetch()
        assert answer.status == 201
        killed.append(web_server(running).pid)
        os.kill(killed[0], signal.SIGKILL)
        return route.abort("connectionreset")

    page.route(REVIEWS, kill)
    judge(page, (2, UNSURE))
    expect(page.get_by_test_id("outbox")).to_contain_text("waiting for the server")
    assert stored(running, study) == [(2, UNSURE)]
    judge(page, (3, REJECTED))
    all_is_stored(page)
    assert web_server(running).pid != killed[0]
    assert stored(running, study) == [(2, UNSURE), (3, REJECTED)]
    leave(page, study)


def test_a_server_killed_under_a_fast_reader_stores_each_verdict_once(
    page: Page, running: Installation, study: str
) -> None:
    pressed = [(rank, verdict) for verdict in (UNSURE, ACCEPTED, REJECTED) for rank in (1, 2, 3, 4)]
    judge(page, *pressed[:5])
    os.kill(web_server(running).pid, signal.SIGKILL)
    judge(page, *pressed[5:])
    all_is_stored(page)
    assert stored(running, study) == pressed
    leave(page, study)


def test_an_expired_session_is_signed_in_again_in_place_and_goes_on(
    page: Page, running: Installation, study: str
) -> None:
    asked(running, "DELETE FROM django_session")
    judge(page, (1, REJECTED))
    again = page.get_by_test_id("login")
    expect(again).to_contain_text("Your session has ended")
    assert stored(running, study) == []
    page.fill("input[name=password]", running.logins["clinician"])
    page.click("button[type=submit]")
    expect(again).to_have_count(0)
    judge(page, (2, ACCEPTED))
    all_is_stored(page)
    assert page.get_by_test_id("review").get_attribute("data-round-study") == study
    assert stored(running, study) == [(1, REJECTED), (2, ACCEPTED)]
    leave(page, study)


def test_what_waits_survives_a_reload_and_the_end_of_the_page(
    page: Page, running: Installation, study: str, round_id: str
) -> None:
    page.context.route(REVIEWS, lambda route: route.abort())
    judge(page, (3, UNSURE), (4, REJECTED))
    # Said of a candidate that has no verdict yet: nothing to send, and not lost either.
    unseen = page.get_by_test_id("candidate-row").first.get_by_test_id("tile").first
    page.get_by_test_id("candidate-row").first.locator(".rank").click()
    unseen.hover()
    page.keyboard.press("v")
    expect(unseen).to_have_attribute("data-not-visible", "true")
    page.reload()
    assert on_screen(page) == study
    expect(unseen).to_have_attribute("data-not-visible", "true")
    expect(page.get_by_test_id("outbox")).to_have_attribute("data-waiting", "2")
    assert receipts(page)[-2:] == ["queued", "queued"]
    judge(page, (3, ACCEPTED))
    browser = page.context
    page.close()
    assert stored(running, study) == []
    browser.unroute(REVIEWS)
    # Any page of the reader sends what lies there.
    other = browser.new_page()
    other.goto("/")
    other.get_by_test_id("user").wait_for()
    open_next(other, round_id)
    all_is_stored(other)
    assert stored(running, study) == [(3, UNSURE), (4, REJECTED), (3, ACCEPTED)]
    leave(other, study)


def test_two_windows_on_one_study_store_each_verdict_once_and_leave_the_choice_to_the_reader(
    page: Page, running: Installation, study: str
) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    assert on_screen(other) == study
    judge(page, (1, REJECTED), (2, REJECTED))
    all_is_stored(page)
    judge(other, (3, ACCEPTED))
    all_is_stored(other)
    expect(other.get_by_test_id("conflict")).to_have_count(0)

    judge(other, (1, ACCEPTED))
    conflict = other.get_by_test_id("conflict")
    expect(conflict).to_contain_text("Candidate 1")
    expect(other.get_by_test_id("keep-stored")).to_contain_text("Not a lesion")
    expect(other.get_by_test_id("keep-mine")).to_contain_text("Primary lesion")
    row = other.get_by_test_id("candidate-row").first
    expect(row).to_have_attribute("data-verdict", REJECTED)
    before = [(1, REJECTED), (2, REJECTED), (3, ACCEPTED)]
    assert stored(running, study) == before
    # The question outlives the page; then the reader's own version is kept by a key.
    other.reload()
    assert on_screen(other) == study
    expect(conflict).to_be_visible()
    other.keyboard.press("y")
    expect(conflict).to_have_count(0)
    expect(row).to_have_attribute("data-verdict", ACCEPTED)
    all_is_stored(other)
    assert stored(running, study) == [*before, (1, ACCEPTED)]

    judge(page, (3, UNSURE))
    expect(page.get_by_test_id("conflict")).to_contain_text("Candidate 3")
    page.get_by_test_id("keep-stored").click()
    expect(page.get_by_test_id("conflict")).to_have_count(0)
    all_is_stored(page)
    assert stored(running, study) == [*before, (1, ACCEPTED)]
    leave(page, study)
