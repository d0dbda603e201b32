"""Rules 1 to 4 of the architecture: who may import whom (the contracts are in pyproject.toml)."""

from __future__ import annotations

import subprocess
import sys

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.architecture.sources import ROOT

WEB = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "harvest.settings.test"
import harvest.wsgi
from django.urls import get_resolver
assert len(get_resolver().url_patterns) > 2
import harvest.tasks
print([name for name in ("torch", "monai") if name in sys.modules])
"""


def test_every_import_follows_the_layers(capsys):
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_web_processes_start_without_torch():
    done = subprocess.run([sys.executable, "-c", WEB], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.django_db
def test_the_rows_and_the_migrations_agree():
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run")
