"""Labels in a browser: a table is dropped, its question answered, applied, and taken back."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import sign_in
from tests.e2e.running import REPOSITORY, Installation

pytestmark = pytest.mark.e2e

# Two subjects, the first with two studies five days apart.
COHORT = """
import json, os
from datetime import date
os.environ["DJANGO_SETTINGS_MODULE"] = "harvest.settings.base"
import django
django.setup()
from harvest.services import cohorts
from tests.harvest.services.test_labels import study_of

cohort = cohorts.create_cohort(name="to-label")
for name, day in (("Jane Doe", 1), ("Jane Doe", 6), ("John Roe", 1)):
    study_of(cohort, name, date(2020, 3, day))
print(json.dumps(str(cohort.pk)))
"""
TABLE = """subject;pathology;date;procedure
Jane Doe;HCC;2020-03-10;biopsy
John Roe;FNH;2020-03-10;resection
Nobody;HCC;10/03/2020;
"""


def test_a_table_is_looked_at_answered_applied_and_undone(running: Installation, page: Page) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COHORT], cwd=REPOSITORY, env=running.env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    cohort = json.loads(done.stdout)
    sign_in(page, running, "manager")
    page.goto(f"/cohorts/{cohort}/labels")
    expect(page.get_by_test_id("empty")).to_contain_text("No table was applied yet")

    page.get_by_test_id("labels-file").set_input_files(
        {"name": "Doe.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
    )
    rows = page.get_by_test_id("label-row")
    expect(rows).to_have_count(3)
    assert [rows.nth(n).get_attribute("data-row") for n in range(3)] == ["4", "2", "3"]
    expect(rows.nth(0)).to_contain_text("YYYY-MM-DD")
    expect(page.get_by_test_id("labels-apply")).to_have_text("Apply 1 label")
    page.get_by_test_id("study-of-row-2").select_option(index=2)
    expect(page.get_by_test_id("labels-apply")).to_have_text("Apply 2 labels")
    page.get_by_test_id("labels-apply").click()
    expect(page.get_by_test_id("labels-said")).to_have_text("2 labels applied.")
    assert "Doe" not in page.content()

    page.goto(f"/cohorts/{cohort}/studies")
    expect(page.locator("table")).to_contain_text("HCC")
    page.goto(f"/cohorts/{cohort}/labels")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_test_id("labels-said")).to_have_text("2 labels taken back.")
    expect(page.get_by_test_id("labels-import")).to_contain_text("taken back")
