"""The pictures of the grid: a candidate's key slice, its neighbours, and the whole slice round it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rest_framework.test import APIClient

from harvest import store
from harvest.domain import Role
from harvest.models import HarvestRound, Study
from harvest.rendering import WIDTH_LEVEL_HU, Window
from tests.harvest.fixtures import GEOMETRY


@pytest.fixture
def reader(client_of: Callable[[Role | None], APIClient]) -> APIClient:
    return client_of(Role.CLINICIAN)


@pytest.fixture
def study(reader: APIClient, ready_round: HarvestRound) -> dict[str, Any]:
    """The first study of the queue."""
    answer: Any = reader.post(f"/api/v1/rounds/{ready_round.pk}/next", {}, format="json").json()
    found: dict[str, Any] = answer["studies"][0]
    return found


def picture(answer: Any) -> np.ndarray:
    assert answer.status_code == 200
    return np.asarray(Image.open(io.BytesIO(answer.getvalue())).convert("L"))


def shade(window: str, hu: float) -> float:
    width, level = WIDTH_LEVEL_HU[Window(window)]
    return float(np.clip((hu - level + width / 2) / width, 0, 1) * 255)


def hu_at(study: dict[str, Any], phase: str, z: float, y: float, x: float) -> float:
    """The volumes are ramps, so that the grey at any place can be told without rendering."""
    offset = {"arterial": 0, "portal_venous": 1}[phase]
    return 20 * z + 4 * y + 2 * x - 50 + Study.objects.get(pk=study["study"]["id"]).ordinal + offset


@pytest.mark.parametrize("window", ["liver", "bone"])
@pytest.mark.parametrize("phase", ["arterial", "portal_venous"])
def test_a_tile_shows_the_same_tissue_in_every_phase_key_slice_and_neighbours_apart(
    reader: APIClient, study: dict[str, Any], window: str, phase: str
) -> None:
    candidate = study["candidates"][1]
    tile = candidate["tile"]
    every = range(tile["first_z_index"], tile["first_z_index"] + tile["count"])
    key = candidate["key_z_index"]
    column, row = 25, 20
    x = tile["crop_lo"][0] + (column + 0.5) * tile["mm_per_px"]
    y = tile["crop_lo"][1] + (row + 0.5) * tile["mm_per_px"]
    _, iy, ix = GEOMETRY.index_from_point((x, y, 0))
    for part, slices in (("key", [key]), ("neighbours", [z for z in every if z != key])):
        url = f"/api/v1/candidates/{candidate['id']}/tiles/{phase}.webp?window={window}&part={part}"
        answer = reader.get(url)
        assert answer.headers["Cache-Control"].startswith("private")
        image = picture(answer)
        assert image.shape == (len(slices) * tile["height"], tile["width"])
        for place, z in enumerate(slices):
            wanted = shade(window, hu_at(study, phase, z, iy, ix))
            assert image[place * tile["height"] + row, column] == pytest.approx(wanted, abs=1)


def test_a_whole_slice_has_a_pixel_for_each_voxel(reader: APIClient, study: dict[str, Any]) -> None:
    url = f"/api/v1/studies/{study['study']['id']}/slices/arterial"
    image = picture(reader.get(f"{url}/4.webp?window=soft_tissue"))
    assert image.shape == GEOMETRY.shape_zyx[1:]
    assert image[5, 7] == pytest.approx(shade("soft_tissue", hu_at(study, "arterial", 4, 5, 7)), abs=1)
    beyond = reader.get(f"{url}/10.webp")
    assert (beyond.status_code, beyond.json()["code"]) == (400, "outside")


def test_the_round_has_rendered_what_the_grid_shows_first(study: dict[str, Any]) -> None:
    for candidate in study["candidates"]:
        for part in ("key", "neighbours"):
            for phase in study["study"]["phases"]:
                assert store.path(f"tiles/{candidate['id']}/liver-0-{part}/{phase}.webp")
        z = candidate["key_z_index"]
        assert store.path(f"slices/{study['study']['id']}/liver-0/{z}/arterial.webp")


@pytest.mark.parametrize("picture_of", ["candidate", "study"])
def test_a_phase_that_is_not_there_is_said(reader: APIClient, study: dict[str, Any], picture_of: str) -> None:
    urls = {
        "candidate": f"candidates/{study['candidates'][0]['id']}/tiles/delayed.webp",
        "study": f"studies/{study['study']['id']}/slices/delayed/3.webp",
    }
    answer = reader.get(f"/api/v1/{urls[picture_of]}")
    assert (answer.status_code, answer.json()["code"]) == (404, "phase_absent")


def test_a_picture_is_kept_by_the_browser_only_under_the_image_s_own_revision(
    reader: APIClient, study: dict[str, Any]
) -> None:
    url = f"/api/v1/candidates/{study['candidates'][0]['id']}/tiles/arterial.webp"
    assert "immutable" in reader.get(f"{url}?revision=0").headers["Cache-Control"]
    assert "immutable" not in reader.get(f"{url}?revision=7").headers["Cache-Control"]
