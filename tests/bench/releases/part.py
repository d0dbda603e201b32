"""`python -m tests.bench.releases.part`: one part in a process of its own, so that its peak memory is its
own. Says its figures as JSON in the last line."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from detector.export.dataset import ExportData
from detector.export.formats import FORMATS, ExportFormat
from tests.bench.releases.peak import peak_mb


class Timed(ExportFormat):
    """A format, and how long it took to write and to read back."""

    def write(self, data: ExportData, out: Path) -> None:
        started = time.perf_counter()
        super().write(data, out)
        FIGURES["write_s"] = time.perf_counter() - started

    def check(self, data: ExportData, out: Path) -> None:
        started = time.perf_counter()
        super().check(data, out)
        FIGURES["check_s"] = time.perf_counter() - started


FIGURES: dict[str, Any] = {}


def fill(asked: argparse.Namespace) -> None:
    from tests.bench.releases.fill import fill_curated

    fill_curated(asked.studies, asked.candidates, asked.lesions)


def freeze(asked: argparse.Namespace) -> None:
    from harvest.models import Cohort
    from harvest.services.releases import create_release

    cohort = Cohort.objects.get()
    measured(lambda: FIGURES.update(counts=create_release(cohort=cohort.pk).counts))


def export(asked: argparse.Namespace) -> None:
    """The last release in a format, by reference, as a worker makes it."""
    from harvest.domain import JobState
    from harvest.models import DatasetRelease, ReleaseExport
    from harvest.services.exports import make_export

    known = FORMATS[asked.part]
    FORMATS[asked.part] = Timed(known.name, known.title, known.module)
    release = DatasetRelease.objects.order_by("-number")[0]
    ReleaseExport.objects.filter(release=release, format=asked.part).delete()
    row = ReleaseExport.objects.create(release=release, format=asked.part)
    measured(lambda: make_export(export_id=row.pk))
    row.refresh_from_db()
    if row.state != JobState.SUCCEEDED:
        raise RuntimeError(f"The export failed: {row.error}")
    FIGURES["mb"] = row.size_bytes / 1e6


def measured(do: Callable[[], None]) -> None:
    """Does it, and notes the time and the peak before and after."""
    FIGURES["before_mb"] = peak_mb()
    started = time.perf_counter()
    do()
    FIGURES["seconds"] = time.perf_counter() - started
    FIGURES["peak_mb"] = peak_mb()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("fill", "freeze", "coco", "csv"))
    parser.add_argument("--studies", type=int)
    parser.add_argument("--candidates", type=int)
    parser.add_argument("--lesions", type=int)
    asked = parser.parse_args()
    import django

    django.setup()
    {"fill": fill, "freeze": freeze}.get(asked.part, export)(asked)
    print(json.dumps(FIGURES))


if __name__ == "__main__":
    main()
