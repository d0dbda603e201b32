"""The whole loop in a browser: import, propose, judge by keys, draw, train, propose again, release."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import sign_in
from tests.e2e.running import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]
MINUTES = 60_000
POOL = 8  # two studies of each class, the least that the classifier learns from


def test_the_loop(page: Page, running: Installation, phantoms) -> None:
    sign_in(page, running, "admin")
    cohort = _make_cohort(page)
    _import(page, cohort, phantoms / "pool", "pool", taken=POOL)
    _import(page, cohort, phantoms / "gold", "gold", taken=4)
    _import(page, cohort, phantoms / "pool", "pool", taken=0)

    first = _run_round(page, cohort)
    _everything_is_registered(page, cohort)
    _train_a_first_detector_without_a_mark(page, cohort)
    accepted, drawn = _judge_every_study(page, cohort)
    lesions = _lesions(page, cohort)
    _boxes_are_what_was_judged_and_drawn(lesions, accepted, drawn)

    _train_everything(page, cohort)
    _lesions_are_characterized(page, cohort)
    made = _promote_the_new_detector(page)
    second = _run_round(page, cohort)
    assert second["model_version"]["name"] == made != first["model_version"]["name"]

    _release(page, cohort, lesions)
    _dashboard(page, cohort, drawn_and_accepted=len(accepted) + 1)


def get(page: Page, path: str) -> Any:
    """What the API answers this signed-in browser."""
    response = page.request.get(f"/api/v1{path}")
    assert response.ok, response.text()
    return response.json()


def _everything_is_registered(page: Page, cohort: str) -> None:
    """Gold studies, which no round makes ready, may wait while studies are judged."""
    until = time.monotonic() + 300
    while any(s["preparation"] != "ready" for s in get(page, f"/cohorts/{cohort}/studies")["results"]):
        assert time.monotonic() < until, "studies still wait for their registration"
        page.wait_for_timeout(1_000)
    page.goto(f"/cohorts/{cohort}/studies")
    page.get_by_test_id("studies").wait_for()
    expect(page.get_by_test_id("registration")).to_have_count(0)


def _make_cohort(page: Page) -> str:
    page.get_by_test_id("cohort-name-input").fill("liver")
    page.get_by_test_id("cohort-create").click()
    page.wait_for_url(re.compile(r"/cohorts/[0-9a-f-]{36}"))
    return page.url.rsplit("/cohorts/", 1)[1].split("/")[0]


def _import(page: Page, cohort: str, folder, split: str, *, taken: int) -> None:
    page.goto(f"/cohorts/{cohort}/import")
    rows = page.get_by_test_id("import-row")
    page.get_by_test_id("import-drop").wait_for()
    page.wait_for_load_state("networkidle")
    before = rows.count()
    if split == "gold":
        page.get_by_label("only to judge models on (gold)").check()
    page.get_by_test_id("import-folder").set_input_files(str(folder))
    expect(rows).to_have_count(before + 1)
    expect(rows.first).to_have_attribute("data-state", "succeeded", timeout=8 * MINUTES)
    wanted = f"{taken} taken" if taken else "duplicate"
    expect(rows.first.get_by_test_id("import-counts")).to_contain_text(wanted, timeout=MINUTES)


def _run_round(page: Page, cohort: str) -> dict[str, Any]:
    page.goto(f"/cohorts/{cohort}/rounds")
    page.get_by_test_id("round-start").wait_for()
    page.wait_for_load_state("networkidle")
    rows = page.get_by_test_id("round-row")
    before = rows.count()
    page.get_by_test_id("round-start").click()
    expect(rows).to_have_count(before + 1)
    expect(rows.first.get_by_test_id("job-state")).to_have_attribute(
        "data-state", "succeeded", timeout=8 * MINUTES
    )
    found: dict[str, Any] = get(page, f"/cohorts/{cohort}/rounds")["results"][0]
    assert (found["done"], found["failed"]) == (POOL, 0)
    return found


def _judge_every_study(page: Page, cohort: str) -> tuple[list[dict], dict]:
    """Accepts the first candidate of each study, rejects the rest, and draws in the last one; all by keys.

    Returns the accepted candidates as the API gave them, and the drawn box as the handles showed it.
    """
    page.goto(f"/cohorts/{cohort}/rounds")
    page.get_by_test_id("review-link").first.click()
    accepted: list[dict] = []
    drawn: dict = {}
    for number in range(POOL):
        page.get_by_test_id("review").wait_for()
        expect(page.get_by_test_id("reviewed-count")).to_have_attribute("data-reviewed", str(number))
        study = get(page, f"/round-studies/{page.url.rsplit('/', 1)[1]}")
        rows = page.get_by_test_id("candidate-row")
        expect(rows).to_have_count(len(study["candidates"]))
        expect(page.get_by_test_id("tile").first).to_be_visible()
        if number == POOL - 1:
            drawn = _draw(page, study)
            continue_at = page.get_by_test_id("review")
            continue_at.wait_for()
            study = get(page, f"/round-studies/{study['id']}")
        if study["candidates"]:
            page.keyboard.press("a")
            expect(rows.first).to_have_attribute("data-verdict", "primary_lesion")
            accepted.append(study["candidates"][0])
            page.keyboard.press("Shift+R")
        elif number != POOL - 1:
            page.keyboard.press("l")
        if number == 0 and study["candidates"]:
            page.keyboard.press("j")
            page.keyboard.press("ArrowUp")
            _undo_and_say_it_again(page, rows.last)
        expect(page.get_by_test_id("outbox")).to_have_attribute("data-waiting", "0")
        page.keyboard.press("Space")
    page.get_by_test_id("finished").wait_for()
    return accepted, drawn


def _undo_and_say_it_again(page: Page, row) -> None:
    said = row.get_attribute("data-verdict")
    page.keyboard.press("z")
    expect(row).not_to_have_attribute("data-verdict", said)
    page.keyboard.press("Shift+R" if said == "not_a_lesion" else "a")
    expect(row).to_have_attribute("data-verdict", said)


def _draw(page: Page, study: dict) -> dict:
    """Draws a box by dragging in the axial view, pulls a handle, and saves it."""
    page.keyboard.press("n")
    page.get_by_test_id("editor").wait_for()
    canvas = page.get_by_test_id("canvas-view-axial")
    canvas.wait_for()
    page.wait_for_load_state("networkidle")
    frame = canvas.bounding_box()
    x, y = frame["x"] + frame["width"] * 0.3, frame["y"] + frame["height"] * 0.4
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 45, steps=6)
    page.mouse.up()
    sizes = page.get_by_test_id("sizes")
    expect(sizes).to_have_attribute("data-lo", re.compile(r"\["))
    before = sizes.get_attribute("data-hi")
    handle = page.get_by_test_id("handle-axial-right").bounding_box()
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(handle["x"] + handle["width"] / 2 + 20, handle["y"] + handle["height"] / 2, steps=4)
    page.mouse.up()
    expect(sizes).not_to_have_attribute("data-hi", before)
    box = {side: json.loads(sizes.get_attribute(f"data-{side}")) for side in ("lo", "hi")}
    primary = page.get_by_test_id("drawn-lesion").get_by_test_id("primary")
    if primary.is_checked() and study["candidates"]:
        primary.uncheck()
    page.get_by_test_id("save").click()
    return {"study": study["study"]["id"], **box}


def _lesions(page: Page, cohort: str) -> list[dict]:
    studies = get(page, f"/cohorts/{cohort}/studies?page_size=200")["results"]
    pool = [s for s in studies if s["split"] == "pool"]
    return [
        {"study": s["id"], **lesion}
        for s in pool
        for lesion in get(page, f"/studies/{s['id']}")["lesions"]
        if not lesion["retired_at"]
    ]


def _boxes_are_what_was_judged_and_drawn(lesions: list[dict], accepted: list[dict], drawn: dict) -> None:
    from_reviews = sorted((m["lo"], m["hi"]) for m in lesions if m["source"] == "review")
    assert from_reviews == sorted((c["lo"], c["hi"]) for c in accepted)
    (by_hand,) = [m for m in lesions if m["source"] == "drawn"]
    assert by_hand["study"] == drawn["study"]
    for side in ("lo", "hi"):
        assert by_hand[side] == pytest.approx(drawn[side], abs=0.01)


def _train_a_first_detector_without_a_mark(page: Page, cohort: str) -> None:
    """From synthetic lesions in the pool's own livers; real lesions of the gold studies judge it, too."""
    page.goto(f"/cohorts/{cohort}/training")
    expect(page.get_by_test_id("cold-start")).to_contain_text(f"{POOL} are prepared")
    page.get_by_test_id("train-size").first.select_option("tiny")
    page.get_by_test_id("train-overrides").first.fill("steps=8")
    page.get_by_test_id("cold-start-train").click()
    row = page.get_by_test_id("training-row")
    expect(row).to_have_count(1)
    state = row.get_by_test_id("job-state")
    expect(state).to_have_attribute("data-state", re.compile("succeeded|failed"), timeout=5 * MINUTES)
    (run,) = get(page, f"/cohorts/{cohort}/training-runs")["results"]
    assert run["state"] == "succeeded", run["error"]
    version = get(page, f"/models/{run['result']['id']}")
    assert "nobody marked one" in version["provenance"]["data"]
    assert version["metrics"]["synthetic"]["inserted_into"] == POOL
    assert version["metrics"]["p1td_1"]["n"] == 4
    page.get_by_role("link", name=run["result"]["name"]).click()
    page.get_by_role("heading", name=run["result"]["name"]).wait_for()


def _train_everything(page: Page, cohort: str) -> None:
    page.goto(f"/cohorts/{cohort}/training")
    page.get_by_test_id("train-size").first.select_option("tiny")
    page.get_by_test_id("train-overrides").first.fill("steps=8")
    page.get_by_test_id("train-start").click()
    rows = page.get_by_test_id("training-row")
    expect(rows).to_have_count(4)  # and the first detector's
    for index in range(3):
        state = rows.nth(index).get_by_test_id("job-state")
        expect(state).to_have_attribute("data-state", re.compile("succeeded|failed"), timeout=8 * MINUTES)
    runs = get(page, f"/cohorts/{cohort}/training-runs")["results"]
    assert {run["state"] for run in runs} == {"succeeded"}, [(r["kind"], r["error"]) for r in runs]
    rows.first.get_by_role("link").first.click()
    page.get_by_test_id("loss-curve").wait_for()


def _lesions_are_characterized(page: Page, cohort: str) -> None:
    """The promoted characterizer comes to every lesion by itself, and the editor shows what it says."""
    held = [s for s in get(page, f"/cohorts/{cohort}/studies?page_size=200")["results"] if s["lesions"]]
    until = time.monotonic() + 180

    def said() -> list[dict[str, Any] | None]:
        lesions = [m for study in held for m in get(page, f"/studies/{study['id']}")["lesions"]]
        return [lesion["characterization"] for lesion in lesions]

    # Workers look for lesions every half minute.
    while None in (all_said := said()) and time.monotonic() < until:
        page.wait_for_timeout(3_000)
    for one in all_said:
        assert one
        assert one["model_version"] == "characterizer-v1"
        assert sum(one["outputs"]["lesion_class"].values()) == pytest.approx(1)
    page.goto(f"/studies/{held[0]['id']}/draw")
    expect(page.get_by_test_id("characterization").first).to_contain_text("characterizer-v1")
    page.get_by_test_id("explain-lesion").first.click()
    expect(page.get_by_test_id("evidence")).to_contain_text("not a probability")
    page.get_by_test_id("evidence-slice").click()
    expect(page.get_by_test_id("view-axial").get_by_test_id("cells")).to_be_visible()


def _promote_the_new_detector(page: Page) -> str:
    page.goto("/models")
    rows = page.get_by_test_id("models-detector").get_by_test_id("model-row")
    expect(rows).to_have_count(
        3
    )  # what came with Harvest, the first detector, and the one that people taught
    rows.filter(has_text="detector-v3").get_by_role("link").click()
    # The gate asked both versions about every gold study by itself; of four it can hardly be sure.
    expect(page.get_by_test_id("judgement")).to_have_attribute("data-state", "succeeded", timeout=120_000)
    assert page.get_by_test_id("gate").locator("table.gate").first.locator("tbody tr").count() == 3
    passed = page.get_by_test_id("passed").inner_text() == "passed"
    page.get_by_test_id("promote").click()
    if not passed:
        expect(page.get_by_test_id("error")).to_contain_text("The gate did not let detector-v3 through")
        page.get_by_test_id("promote-reason").fill("Four gold studies cannot tell.")
        page.get_by_test_id("promote").click()
    expect(page.get_by_test_id("promoted")).to_be_visible()
    page.goto("/models")
    expect(page.get_by_test_id("promotion-row").first).to_contain_text("detector-v3")
    newest = next(m for m in get(page, "/models?kind=detector")["results"] if m["promoted"])
    for metric in ("p1td_1", "p1td_10"):
        estimate = newest["metrics"][metric]
        assert 0 <= estimate["lo"] <= estimate["value"] <= estimate["hi"] <= 1
        assert estimate["n"] == 4
    return str(newest["name"])


def _release(page: Page, cohort: str, lesions: list[dict]) -> None:
    page.goto(f"/cohorts/{cohort}/releases")
    page.get_by_test_id("release-create").wait_for()
    page.wait_for_load_state("networkidle")
    rows = page.get_by_test_id("release-row")
    before = rows.count()
    page.get_by_test_id("release-create").click()
    expect(rows).to_have_count(before + 1)
    with page.expect_download() as download:
        rows.first.get_by_test_id("export-csv").click()
    table = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    ids = {row.get("lesion") or row.get("id") for row in table}
    assert {m["id"] for m in lesions} <= ids
    with page.expect_download() as download:
        rows.first.get_by_test_id("export-coco").click()
    assert download.value.path().read_bytes()[:2] in (b"PK", b'{"', b"{\n")


def _dashboard(page: Page, cohort: str, *, drawn_and_accepted: int) -> None:
    page.goto(f"/cohorts/{cohort}")
    expect(page.get_by_test_id("count-imported")).to_contain_text(str(POOL + 4))
    expect(page.get_by_test_id("count-reviewed")).to_contain_text(str(POOL))
