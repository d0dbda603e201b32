from __future__ import annotations

import csv
import io

import pytest

from harvest.domain import Role
from tests.harvest.curated import TUMOUR, make_study, mark_lesion

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client_of):
    return client_of(Role.DATA_MANAGER)


def freeze(manager, cohort) -> dict:
    answer = manager.post(f"/api/v1/cohorts/{cohort.pk}/releases", {"note": "for the paper"})
    assert answer.status_code == 201
    return answer.json()


def test_freeze_list_and_compare(manager, cohort):
    mark_lesion(make_study(cohort))
    first = freeze(manager, cohort)
    mark_lesion(make_study(cohort))
    second = freeze(manager, cohort)
    assert (second["number"], second["counts"]["lesions"], second["owner"]) == (2, 2, "the-data_manager")
    listed = manager.get(f"/api/v1/cohorts/{cohort.pk}/releases").json()["results"]
    assert [r["number"] for r in listed] == [2, 1]
    assert manager.get(f"/api/v1/releases/{first['id']}").json() == first
    changed = manager.get(f"/api/v1/releases/{first['id']}/diff?to={second['id']}").json()
    assert [len(changed[k]) for k in ("added", "removed", "moved", "relabelled")] == [1, 0, 0, 0]


def test_nothing_curated_is_a_conflict(manager, cohort):
    answer = manager.post(f"/api/v1/cohorts/{cohort.pk}/releases")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_curated")


def test_a_release_is_downloaded_in_the_formats_of_the_field(manager, cohort):
    mark_lesion(make_study(cohort, lesion_class="hcc"))
    id = freeze(manager, cohort)["id"]
    coco = manager.get(f"/api/v1/releases/{id}/export?format=coco")
    assert coco["Content-Disposition"] == 'attachment; filename="liver-release-1-dataset.json"'
    assert coco.json()["annotations"][0]["corners_mm"]["lo"] == list(TUMOUR.lo)
    table = manager.get(f"/api/v1/releases/{id}/export?format=csv").content.decode()
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["category"], float(row["hi_z_mm"])) == ("hcc", TUMOUR.hi[2])
    assert manager.get(f"/api/v1/releases/{id}/export?format=xml").status_code == 400
