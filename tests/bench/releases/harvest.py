"""Harvest's part: a database of its own a size, and freezing and each export in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parents[3]


PARTS = ("freeze", "coco", "csv")


def measure(
    url: str, home: Path, *, studies: int, candidates: int, lesions: int, runs: int
) -> dict[str, list[dict[str, Any]]]:
    """The figures of each run by part."""
    name = f"releases_{studies}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    installed = Installed(
        os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "harvest.settings.base",
            "HARVEST_HOME": str(home / name),
            "HARVEST_DATABASE_URL": urlsplit(url)._replace(path=f"/{name}").geturl(),
        }
    )
    (home / name).mkdir(mode=0o700)
    installed.run("manage.py", "migrate", "-v0")
    sizes = {"--studies": studies, "--candidates": candidates, "--lesions": lesions}
    installed.part("fill", *(word for size in sizes.items() for word in map(str, size)))
    found: dict[str, list[dict[str, Any]]] = {}
    for _ in range(runs):
        for part in PARTS:
            found.setdefault(part, []).append(installed.part(part))
    return found


@dataclass(frozen=True, slots=True)
class Installed:
    """An installation without servers: the environment of its commands."""

    environment: dict[str, str]

    def part(self, name: str, *words: str) -> dict[str, Any]:
        """The figures of one part."""
        said = self.run("-m", "tests.bench.releases.part", name, *words)
        return dict(json.loads(said.splitlines()[-1]))

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{words[-1]} failed: {done.stderr[-2000:]}")
        return done.stdout
