"""A phase that registration laid wrong: flagged in the grid, moved by keys, saved, and there it is."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from detector.geometry import VolumeGeometry
from detector.registration.resample import resample
from detector.registration.similarity import mutual_information
from detector.registration.transform import read_transform, write_transform
from detector.volume import Volume, read_volume, write_volume
from tests.e2e.conftest import sign_in
from tests.e2e.running import Installation

pytestmark = pytest.mark.e2e

SECONDS = 1000
# Whole voxels (x, y, z) that the arterial phase lies off: to the left, and towards the head.
OFF_VOXELS = (4, 0, 2)
# Not the scan's edge: what was moved out of it, the screen cannot know before it is made anew.
INNER = np.s_[3:-3, 6:-6, 6:-6]


def test_a_misplaced_phase_is_put_right_by_hand(page: Page, running: Installation, phantoms: Path) -> None:
    # Rigidly: what is put wrong here is then put right to the last bit.
    rigid = replace(running, env={**running.env, "HARVEST_REGISTRATION": "rigid"})
    rigid.manage("import_studies", str(phantoms / "pool" / "study-0001"), "--cohort", "misplaced")
    sign_in(page, running, "manager")
    _show_every_candidate(page)
    running.manage("run_round", "--cohort", "misplaced", "--wait")
    study, round_study = _the_study(page)
    right = _misplace(running, study)
    wrong = _volume(page, study["id"], revision=0)
    # Whoever says that it lies well has it judged anew: it does not.
    _say(page, study["id"], [0, 0, 0])
    assert _told(page, study["id"])["flag"] == "loosely aligned"

    sign_out_and_in(page, running, "clinician")
    page.goto(f"/rounds/{round_study['round']}/review/{round_study['id']}")
    head = page.get_by_test_id("head-arterial")
    expect(head).to_contain_text("loosely aligned")
    page.get_by_test_id("nudge-arterial").click()

    view = page.get_by_test_id("view-axial")
    expect(view).to_have_attribute("data-phase", "arterial")
    offset = page.get_by_test_id("nudge-offset")
    expect(offset).to_contain_text("arterial 0.0 mm")
    page.wait_for_load_state("networkidle")
    _drag(page)
    expect(offset).not_to_contain_text("0.0 mm")
    page.keyboard.press("z")
    expect(offset).to_contain_text("arterial 0.0 mm")
    for _ in range(OFF_VOXELS[0]):
        page.keyboard.press("ArrowLeft")
    for _ in range(OFF_VOXELS[2]):
        page.keyboard.press("PageDown")
    spacing = study["geometry"]["spacing_xyz_mm"]
    way = [-n * s for n, s in zip(OFF_VOXELS, spacing, strict=True)]
    expect(offset).to_contain_text(f"{-way[0]:.1f} mm R, {-way[2]:.1f} mm F")
    seen = _middle_of_the_view(page)
    page.keyboard.down("f")
    expect(view).to_have_attribute("data-phase", study["reference_phase"])
    page.keyboard.up("f")
    expect(view).to_have_attribute("data-phase", "arterial")
    page.keyboard.press("s")

    page.wait_for_url("**/review/**", timeout=60 * SECONDS)
    length = float(np.linalg.norm(way))
    expect(head).to_contain_text(f"nudged {length:.1f} mm")
    expect(head).not_to_contain_text("loosely aligned")
    tile = page.locator("[data-phase=arterial] img").first
    expect(tile).to_have_attribute("src", re.compile("revision=2$"))
    expect(tile).to_have_js_property("naturalWidth", 192)
    assert _told(page, study["id"])["by"] == "clinician"
    made = _volume(page, study["id"], revision=2)
    reference = _volume(page, study["id"], study["reference_phase"], revision=0)
    alike = [mutual_information(reference[INNER].ravel(), v[INNER].ravel()) for v in (wrong, made)]
    assert alike[1] > 1.2 * alike[0]
    # Offsets are kept to a thousandth of a millimetre: a steep edge may tell that by 1 HU.
    assert np.abs(made.astype(int) - right).max() <= 1
    assert (made[INNER] != wrong[INNER]).mean() > 0.5

    # After a reload the editor shows the same as the move did, now from the image itself.
    page.goto(f"/studies/{study['id']}/draw?nudge=arterial")
    expect(view).to_have_attribute("data-revision", "2")
    expect(view).to_have_attribute("data-shift-mm", "0 0 0")
    page.wait_for_load_state("networkidle")
    apart = np.abs(np.subtract(_middle_of_the_view(page), seen))
    assert apart.max() <= 2
    assert apart.mean() < 0.1

    # Without the mode a drag draws again, and the arrows move what was drawn.
    page.keyboard.press("Escape")
    _drag(page)
    sizes = page.get_by_test_id("sizes")
    expect(sizes).to_have_attribute("data-lo", re.compile(r"\["))
    drawn = json.loads(sizes.get_attribute("data-lo") or "")
    page.keyboard.press("ArrowRight")
    expect(sizes).not_to_have_attribute("data-lo", json.dumps(drawn, separators=(",", ":")))
    moved = json.loads(sizes.get_attribute("data-lo") or "")
    assert np.subtract(moved, drawn) == pytest.approx([spacing[0], 0, 0], abs=1e-6)
    expect(view).to_have_attribute("data-shift-mm", "0 0 0")


def sign_out_and_in(page: Page, running: Installation, username: str) -> None:
    page.context.clear_cookies()
    sign_in(page, running, username)


def _the_study(page: Page) -> tuple[dict[str, Any], dict[str, Any]]:
    """The cohort's one study, and it in its round."""
    cohorts = _get(page, "/cohorts")["results"]
    cohort = next(c["id"] for c in cohorts if c["name"] == "misplaced")
    study = _get(page, f"/studies/{_get(page, f'/cohorts/{cohort}/studies')['results'][0]['id']}")
    return study, _get(page, f"/round-studies/{study['round_study']}")


def _misplace(running: Installation, study: dict[str, Any]) -> np.ndarray:
    """Has the stored transform lay the arterial phase off, as a registration that went wrong would; gives the
    volume (z, y, x) as it ought to be."""
    (folder,) = (running.home / "store" / "studies").glob(f"{study['id']}")
    grid = VolumeGeometry.from_json(study["geometry"])
    original = read_volume(folder / "original" / "arterial.npy")
    good = read_transform(folder / "transforms" / "arterial.json").rigid
    off = np.array(OFF_VOXELS) * grid.spacing_xyz_mm
    translation = tuple(np.array(good.translation_mm) - np.array(good.matrix) @ off)
    bad = replace(good, translation_mm=translation)
    write_transform(bad, folder / "transforms" / "arterial.json")
    moved: Volume = resample(original, grid, bad)
    write_volume(moved, folder / "registered" / "arterial.npy")
    return np.asarray(resample(original, grid, good).array_zyx)


def _get(page: Page, path: str) -> Any:
    answer = page.request.get(f"/api/v1{path}")
    assert answer.ok, answer.text()
    return answer.json()


def _told(page: Page, study: str) -> dict[str, Any]:
    found: dict[str, Any] = _get(page, f"/studies/{study}/phases/arterial/nudge")
    return found


def _show_every_candidate(page: Page) -> None:
    """So that the grid has a row, whatever the reference weights make of this phantom."""
    cohort = next(c["id"] for c in _get(page, "/cohorts")["results"] if c["name"] == "misplaced")
    answer = page.request.patch(
        f"/api/v1/cohorts/{cohort}",
        data=json.dumps({"score_threshold": 0}),
        headers={"X-CSRFToken": _token(page), "Content-Type": "application/json"},
    )
    assert answer.ok, answer.text()


def _token(page: Page) -> str:
    return next(c["value"] for c in page.context.cookies() if c["name"] == "csrftoken")


def _say(page: Page, study: str, offset: list[float]) -> None:
    answer = page.request.post(
        f"/api/v1/studies/{study}/phases/arterial/nudge",
        data=json.dumps({"id": str(uuid.uuid4()), "offset_mm": offset, "seen": 0}),
        headers={"X-CSRFToken": _token(page), "Content-Type": "application/json"},
    )
    assert answer.status == 201, answer.text()
    for _ in range(300):
        if _told(page, study)["state"] == "shown":
            return
        page.wait_for_timeout(100)
    raise AssertionError(_told(page, study))


def _volume(page: Page, study: str, phase: str = "arterial", *, revision: int) -> np.ndarray:
    answer = page.request.get(f"/api/v1/studies/{study}/volumes/{phase}?revision={revision}")
    assert answer.ok, answer.text()
    shape = _get(page, f"/studies/{study}")["geometry"]["shape_zyx"]
    return np.frombuffer(answer.body(), "<i2").reshape(shape)


def _drag(page: Page) -> None:
    frame = page.get_by_test_id("canvas-view-axial").bounding_box()
    assert frame
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 25, steps=4)
    page.mouse.up()


def _middle_of_the_view(page: Page) -> list[int]:
    """The grey of the middle half of the axial canvas."""
    page.wait_for_timeout(300)
    found: list[int] = page.evaluate(
        """() => {
          const canvas = document.querySelector('[data-testid="canvas-view-axial"]');
          const [w, h] = [canvas.width, canvas.height];
          const middle = canvas.getContext("2d").getImageData(w / 4, h / 4, w / 2, h / 2);
          return Array.from(middle.data.filter((_, i) => i % 4 === 0));
        }"""
    )
    assert len(set(found)) > 20
    return found
