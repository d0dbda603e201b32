"""Nudges through the API: who saw what, and addresses that never show an old image."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import numpy as np
import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from harvest.domain import Role
from harvest.models import Cohort, Study
from harvest.selectors import cohorts
from harvest.services.rounds import create_round
from tests.harvest.fixtures import Work
from tests.harvest.misplaced import BACK_MM, GRID, make_misplaced_study, phases

IMMUTABLE = "private, max-age=31536000, immutable"


@pytest.fixture
def study(cohort: Cohort, state: object) -> Study:
    return make_misplaced_study(cohort)


@pytest.fixture
def client(client_of: Callable[[Role], APIClient]) -> APIClient:
    return client_of(Role.CLINICIAN)


def url(study: Study, phase: str = "arterial") -> str:
    return reverse("phase-nudge", args=[study.pk, phase])


def body(seen: int = 0, **changed: object) -> dict[str, object]:
    return {"id": str(uuid.uuid4()), "offset_mm": list(BACK_MM), "seen": seen} | changed


def volume(client: APIClient, study: Study, **query: int) -> tuple[np.ndarray, str]:
    answer = client.get(reverse("volume", args=[study.pk, "arterial"]), query)
    assert answer.status_code == 200
    array = np.frombuffer(b"".join(answer.streaming_content), "<i2").reshape(GRID.shape_zyx)
    return array, answer["Cache-Control"]


def test_the_state_is_told_before_while_and_after(client: APIClient, study: Study, work: Work) -> None:
    before = client.get(url(study)).json()
    assert (before["revision"], before["state"], before["by"]) == (0, "shown", None)
    with work():
        asked = client.post(url(study), body(), format="json")
    assert asked.status_code == 201
    assert (asked.json()["state"], asked.json()["shown_mm"]) == ("pending", [0, 0, 0])
    after = client.get(url(study)).json()
    assert (after["revision"], after["image_revision"], after["state"]) == (1, 1, "shown")
    assert after["offset_mm"] == after["shown_mm"] == list(BACK_MM)
    assert after["by"] == "the-clinician"
    assert after["similarity_shown"] > after["similarity_registered"]
    assert after["flag"] == ""


def test_a_retry_is_answered_with_what_is_stored_and_a_stale_page_with_a_conflict(
    client: APIClient, study: Study, work: Work
) -> None:
    said = body()
    with work():
        codes = [client.post(url(study), said, format="json").status_code for _ in range(2)]
    stale = client.post(url(study), body(seen=0), format="json")
    assert [*codes, stale.status_code, stale.json()["code"]] == [201, 200, 409, "nudged_meanwhile"]


@pytest.mark.parametrize(
    "changed", [{"offset_mm": [1, 2]}, {"offset_mm": ["a", 0, 0]}, {"seen": -1}, {"id": "no"}]
)
def test_a_body_that_says_no_nudge_is_refused(
    client: APIClient, study: Study, changed: dict[str, object]
) -> None:
    answer = client.post(url(study), body() | changed, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_an_offset_that_is_no_number_is_refused(client: APIClient, study: Study, value: str) -> None:
    text = f'{{"id": "{uuid.uuid4()}", "seen": 0, "offset_mm": [0, 0, {value}]}}'
    assert client.post(url(study), text, content_type="application/json").status_code == 400


def test_an_address_with_a_revision_never_shows_another_image(
    client: APIClient, study: Study, work: Work
) -> None:
    reference, arterial = phases()
    first, kept = volume(client, study, revision=0)
    assert (first == arterial).all()
    assert kept == IMMUTABLE
    with work():
        client.post(url(study), body(), format="json")
    moved, kept = volume(client, study, revision=1)
    assert (moved[:-1, 2:, :-3] == reference[:-1, 2:, :-3]).all()
    assert kept == IMMUTABLE
    old = client.get(reverse("volume", args=[study.pk, "arterial"]), {"revision": 0})
    assert (old.status_code, old.json()["code"]) == (409, "image_moved")
    now, kept = volume(client, study)
    assert (now == moved).all()
    assert kept == "private, no-cache"


def test_a_study_tells_its_nudges_and_revisions(client: APIClient, study: Study, work: Work) -> None:
    with work():
        client.post(url(study), body(), format="json")
    told = client.get(reverse("study", args=[study.pk])).json()
    assert told["phase_nudges_mm"] == {"arterial": list(BACK_MM)}
    assert told["image_revisions"] == {"arterial": 1, "portal_venous": 0}
    assert told["phase_flags"] == {}
    assert {s["phase"]: s["image_revision"] for s in told["series"]} == told["image_revisions"]


def test_a_tile_is_kept_by_browsers_only_under_the_revision_that_it_shows(
    client: APIClient, cohort: Cohort, detector: object, study: Study, work: Work
) -> None:
    with work():
        made = create_round(cohort=cohorts.cohort(cohort.pk))
    candidate = made.studies.get().candidates.first()
    address = reverse("tile", args=[candidate.pk, "arterial"])

    def tile(revision: int) -> tuple[bytes, str]:
        answer = client.get(address, {"revision": revision})
        return b"".join(answer.streaming_content), answer["Cache-Control"]

    before, kept = tile(0)
    assert kept == IMMUTABLE
    with work():
        client.post(url(study), body(), format="json")
    after, kept = tile(1)
    assert kept == IMMUTABLE
    assert after != before
    assert tile(0) == (after, "private, no-cache")


def test_whoever_may_only_look_may_not_move(client_of: Callable[[Role], APIClient], study: Study) -> None:
    allowed = {
        role: client_of(role).post(url(study), body(), format="json").status_code
        for role in (Role.ML_ENGINEER, Role.DATA_MANAGER)
    }
    assert allowed == {Role.ML_ENGINEER: 403, Role.DATA_MANAGER: 201}
