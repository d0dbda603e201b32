"""Where a box is drawn is where it is stored: pixels of the screen held against millimetres of the scan.

The scan is lopsided on purpose: other spacings along each axis, thick slices, rows that run to the patient's
right, columns to the front, files from the head down, and one bright block that no mirror maps onto itself.
All positions are worked out here from what the files say, none with the project's own geometry.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.detector.ingest.builders import write_slice
from tests.e2e.conftest import sign_in
from tests.e2e.running import Installation

pytestmark = pytest.mark.e2e

SLICES, ROWS, COLUMNS = 16, 80, 120
ROW_MM, COLUMN_MM, SLICE_MM = 1.3, 0.9, 5.0
FIRST = (50.0, 40.0, 60.0)  # the middle of the first pixel of the first file: left, behind, at the head
BLOCK = (slice(5, 9), slice(12, 30), slice(20, 45))  # slices, rows, columns of the files
FAT_HU, BRIGHT_HU = -100, 240


def mm_range(axis: int, first: int, last: int) -> tuple[float, float]:
    """The outer faces along x, y or z (mm, LPS) of pixels first..last of the files: every index runs to
    smaller coordinates, and a pixel reaches half its size beyond its middle."""
    size = (COLUMN_MM, ROW_MM, SLICE_MM)[axis]
    return FIRST[axis] - last * size - size / 2, FIRST[axis] - first * size + size / 2


def faces(block: tuple[slice, slice, slice]) -> tuple[list[float], list[float]]:
    """lo and hi (x, y, z) of a block of the files."""
    ranges = [mm_range(axis, s.start, s.stop - 1) for axis, s in enumerate(reversed(block))]
    return [lo for lo, _ in ranges], [hi for _, hi in ranges]


WHOLE = faces((slice(0, SLICES), slice(0, ROWS), slice(0, COLUMNS)))
LO, HI = faces(BLOCK)


@dataclass(frozen=True)
class View:
    """A view of the editor: which axis runs to the right, which down, and whether up is larger."""

    name: str
    across: int
    down: int
    up: bool

    def pixel(self, page: Page, point: list[float]) -> tuple[float, float]:
        """Where a point (mm) lies on the canvas: the whole slice fits into it, centred, at one scale."""
        width, height = self.size(page)
        spans = [WHOLE[1][axis] - WHOLE[0][axis] for axis in (self.across, self.down)]
        scale = min(width / spans[0], height / spans[1])
        off = [point[axis] - (WHOLE[0][axis] + WHOLE[1][axis]) / 2 for axis in (self.across, self.down)]
        return width / 2 + off[0] * scale, height / 2 + (-off[1] if self.up else off[1]) * scale

    def size(self, page: Page) -> tuple[float, float]:
        width, height = page.get_by_test_id(f"canvas-view-{self.name}").evaluate(
            "c => [c.clientWidth, c.clientHeight]"
        )
        return float(width), float(height)

    def edges(self, page: Page, point: list[float]) -> dict[str, float]:
        """Where the bright block that holds the point begins and ends on the canvas, in its pixels."""
        image = np.array(
            page.get_by_test_id(f"canvas-view-{self.name}").evaluate(
                "c => { const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; "
                "return Array.from({length: c.height}, (_, y) => Array.from({length: c.width}, "
                "(_, x) => p[4 * (y * c.width + x)])); }"
            )
        )
        x, y = (int(v) for v in self.pixel(page, point))
        assert image[y, x] > 200, f"{self.name}: no block where it should lie"
        row, column = np.flatnonzero(image[y] > 128), np.flatnonzero(image[:, x] > 128)
        return {"left": row[0], "right": row[-1] + 1, "top": column[0], "bottom": column[-1] + 1}

    def expected(self, page: Page) -> dict[str, float]:
        a, b = self.pixel(page, LO), self.pixel(page, HI)
        return {
            "left": min(a[0], b[0]),
            "right": max(a[0], b[0]),
            "top": min(a[1], b[1]),
            "bottom": max(a[1], b[1]),
        }


VIEWS = (View("axial", 0, 1, up=False), View("coronal", 0, 2, up=True), View("sagittal", 1, 2, up=True))
LETTERS = {"axial": "RLAP", "coronal": "RLHF", "sagittal": "APHF"}


def write_scan(folder: Path) -> None:
    hu = np.full((SLICES, ROWS, COLUMNS), -1000, np.int16)
    # Fat alone shows no organ, so that the name of the series says the phase.
    hu[:, 4:-4, 4:-4] = FAT_HU + np.random.default_rng(3).integers(-5, 6, (SLICES, ROWS - 8, COLUMNS - 8))
    hu[BLOCK] = BRIGHT_HU
    for k in range(SLICES):
        write_slice(
            folder / f"{k:02d}",
            hu[k],
            (FIRST[0], FIRST[1], FIRST[2] - k * SLICE_MM),
            orientation=(-1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
            spacing=(ROW_MM, COLUMN_MM),
            InstanceNumber=k + 1,
            SeriesDescription="portal venous",
        )


@pytest.fixture
def editor(page: Page, running: Installation, tmp_path: Path) -> dict[str, Any]:
    """The editor on the imported scan; gives the study."""
    write_scan(tmp_path / "scan")
    name = f"lopsided-{tmp_path.name.replace('_', '-')}"
    running.manage("import_studies", str(tmp_path / "scan"), "--cohort", name)
    running.manage("prepare_studies", "--cohort", name)
    sign_in(page, running, "clinician")
    cohort = next(c for c in get(page, "/cohorts")["results"] if c["name"] == name)
    study = dict(get(page, f"/cohorts/{cohort['id']}/studies")["results"][0])
    open_editor(page, study)
    return study


def test_a_block_lies_on_the_screen_where_it_lies_in_the_patient_and_its_box_is_stored_there(
    page: Page, editor: dict[str, Any]
) -> None:
    middle = [(lo + hi) / 2 for lo, hi in zip(LO, HI, strict=True)]
    page.keyboard.press("i")  # plain voxels: their edges are sharp
    click(page, VIEWS[0], middle)  # the crosshair goes into the block, and with it the other two views
    for view in VIEWS:
        page.wait_for_timeout(200)
        shown, expected = view.edges(page, middle), view.expected(page)
        for side, at in expected.items():
            # Half of the smallest voxel is a pixel here, and an edge is known to half a one.
            assert shown[side] == pytest.approx(at, abs=0.75), (view.name, side)
        letters = page.get_by_test_id(f"view-{view.name}").locator(".slice-view__letter").all_inner_texts()
        assert "".join(letters) == LETTERS[view.name]

    # Six extreme points: in plane on the block's faces, along the thick slices somewhere in the last ones.
    page.keyboard.press("e")
    for axis, view in ((0, VIEWS[0]), (1, VIEWS[0]), (2, VIEWS[1])):
        within = SLICE_MM / 3 if axis == 2 else 0
        for mm in (LO[axis] + within, HI[axis] - within):
            click(page, view, [mm if i == axis else middle[i] for i in range(3)])
    sizes = page.get_by_test_id("sizes")
    for side, faces_mm in (("lo", LO), ("hi", HI)):
        assert json.loads(sizes.get_attribute(f"data-{side}") or "") == pytest.approx(faces_mm, abs=1e-4)
    for view in VIEWS:
        outline = page.get_by_test_id(f"box-{view.name}").locator("rect").first
        x, y, width, height = (float(outline.get_attribute(n) or 0) for n in ("x", "y", "width", "height"))
        drawn = {"left": x, "right": x + width, "top": y, "bottom": y + height}
        shown = view.edges(page, middle)
        for side, at in view.expected(page).items():
            assert drawn[side] == pytest.approx(at, abs=0.05), (view.name, side)
            assert drawn[side] == pytest.approx(shown[side], abs=0.75), (view.name, side)
    page.keyboard.press("s")
    expect(page.get_by_test_id("receipt")).to_have_attribute("data-status", "stored")
    (lesion,) = get(page, f"/studies/{editor['id']}")["lesions"]
    assert lesion["lo"] == pytest.approx(LO, abs=1e-4)
    assert lesion["hi"] == pytest.approx(HI, abs=1e-4)


def test_a_box_follows_the_keys_and_a_draft_outlives_the_page(page: Page, editor: dict[str, Any]) -> None:
    middle = [(lo + hi) / 2 for lo, hi in zip(LO, HI, strict=True)]
    sizes = page.get_by_test_id("sizes")

    def box() -> list[list[float]]:
        return [json.loads(sizes.get_attribute(f"data-{side}") or "[]") for side in ("lo", "hi")]

    drag(page, VIEWS[0], [LO[0], LO[1], middle[2]], [HI[0], HI[1], middle[2]])
    drawn = box()
    # As thick as it is wide as long as nobody says more, in whole slices; keys say where it ends.
    assert (drawn[1][2] - drawn[0][2]) % SLICE_MM == pytest.approx(0)
    page.keyboard.press("ArrowRight")
    assert [b[0] for b in box()] == pytest.approx([b[0] + COLUMN_MM for b in drawn])
    page.keyboard.press("Shift+ArrowDown")
    assert box()[1][1] == pytest.approx(drawn[1][1] + ROW_MM)
    changed = box()
    page.keyboard.press("z")
    page.keyboard.press("z")
    assert box() == drawn
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+y")
    assert box() == changed
    page.keyboard.press("PageUp")
    page.keyboard.press("t")
    assert box()[1][2] < changed[1][2]
    assert (box()[1][2] - changed[1][2]) % SLICE_MM == pytest.approx(0)
    kept = box()
    open_editor(page, editor)
    page.get_by_test_id("drawn-lesion").click()
    page.keyboard.press("j")
    assert box() == kept
    assert get(page, f"/studies/{editor['id']}")["lesions"] == []


def test_a_study_is_drawn_on_in_one_window_at_a_time(page: Page, editor: dict[str, Any]) -> None:
    middle = [(lo + hi) / 2 for lo, hi in zip(LO, HI, strict=True)]
    other = page.context.new_page()
    other.goto(f"/studies/{editor['id']}/draw")
    expect(other.get_by_role("status")).to_contain_text("another window")
    drag(page, VIEWS[0], [LO[0], LO[1], middle[2]], [HI[0], HI[1], middle[2]])
    expect(page.get_by_test_id("drawn-lesion")).to_have_count(1)
    page.close()
    expect(other.get_by_test_id("drawn-lesion")).to_have_count(1)


def open_editor(page: Page, study: dict[str, Any]) -> None:
    page.goto(f"/studies/{study['id']}/draw")
    page.get_by_test_id("canvas-view-axial").wait_for()
    page.wait_for_load_state("networkidle")


def click(page: Page, view: View, point: list[float]) -> None:
    x, y = on_page(page, view, point)
    page.mouse.click(x, y)


def drag(page: Page, view: View, start: list[float], end: list[float]) -> None:
    page.mouse.move(*on_page(page, view, start))
    page.mouse.down()
    page.mouse.move(*on_page(page, view, end), steps=5)
    page.mouse.up()


def on_page(page: Page, view: View, point: list[float]) -> tuple[float, float]:
    frame = page.get_by_test_id(f"canvas-view-{view.name}").bounding_box()
    assert frame
    x, y = view.pixel(page, point)
    return frame["x"] + x, frame["y"] + y


def get(page: Page, path: str) -> Any:
    answer = page.request.get(f"/api/v1{path}")
    assert answer.ok, answer.text()
    return answer.json()
