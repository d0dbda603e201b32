"""A real Chromium and a real installation for the browser tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.running import REPOSITORY, Installation, free_port, installation
from tests.e2e.scripted_reader import SMALL, import_small

# Two busy cores make a page slow; a test is about what it shows, not when.
expect.set_options(timeout=30_000)

# Chromium as root in a container needs no sandbox; the rest keeps it from looking for the internet.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Where the browser is that the set-up found."""
    stamp = REPOSITORY / ".venv" / "harvest-stamps" / "browser.json"
    return str(json.loads(stamp.read_text())["executable"]) if stamp.exists() else "/usr/bin/chromium"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory) -> Path:
    """Small phantom studies on disk: two of each class to harvest, one of each as gold."""
    folder = tmp_path_factory.mktemp("phantoms")
    for split, studies, seed in (("pool", 8, 31), ("gold", 4, 32)):
        argv = ["--out", str(folder / split), "--studies", str(studies), "--seed", str(seed)]
        subprocess.run(
            [sys.executable, "-m", "detector", "phantom", *argv, "--matrix", "128", "--slices", "24"],
            cwd=REPOSITORY,
            env={**os.environ},
            check=True,
            capture_output=True,
        )
    return folder


@pytest.fixture(scope="session")
def running() -> Iterator[Installation]:
    # Not below pytest's own folder, which another run may close to the database's user.
    # Rigid, since the field that deforms a phantom is tested elsewhere, and takes most of a study's time.
    network = {
        "HARVEST_DICOM_PORT": str(free_port()),
        "HARVEST_INBOX_QUIET_SECONDS": "2",
        "HARVEST_REGISTRATION": "rigid",
    }
    with (
        tempfile.TemporaryDirectory(prefix="hve") as folder,
        installation(Path(folder) / "var", **network) as started,
    ):
        yield started


@pytest.fixture(scope="session")
def small_cohort(running: Installation, tmp_path_factory) -> str:
    """Ten small studies to read, each round of a test's own."""
    return import_small(running, tmp_path_factory.mktemp("small"), studies=SMALL)


@pytest.fixture
def page(browser: Browser, running: Installation) -> Iterator[Page]:
    """A fresh browser profile; a script error on any page fails the test."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, base_url=running.url)
    page = context.new_page()
    page.set_default_timeout(90_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors, errors


def sign_in(page: Page, running: Installation, username: str) -> None:
    page.goto("/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", running.logins[username])
    page.click("button[type=submit]")
    page.get_by_test_id("user").wait_for()
