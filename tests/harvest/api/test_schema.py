"""The schema that the frontend's types are made from."""

from __future__ import annotations

from pathlib import Path

import yaml
from django.conf import settings
from django.core.management import call_command


def test_the_schema_is_whole_and_the_committed_one_is_of_this_api(tmp_path):
    made = tmp_path / "schema.yml"
    call_command("spectacular", "--file", str(made), "--validate", "--fail-on-warn")
    committed = Path(settings.BASE_DIR) / "frontend" / "src" / "api" / "schema.yml"
    # Compared as data: how the file is laid out is the formatter's business.
    assert yaml.safe_load(committed.read_text()) == yaml.safe_load(made.read_text()), (
        "Run: python manage.py spectacular --file frontend/src/api/schema.yml --validate --fail-on-warn"
    )
