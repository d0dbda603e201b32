"""An import run as a command runs it, and what can be seen of it afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harvest import store
from harvest.domain import (
    Split,
)
from harvest.models import Cohort, ImportJob, Lesion, Series, Study, Subject
from harvest.services.import_runs import run_import
from harvest.services.imports import (
    create_path_import,
)


def run(cohort: Cohort, path: Path, **given: Any) -> ImportJob:
    job = create_path_import(
        cohort=cohort, path=path, given_phases=given.get("phases", {}), split=given.get("split", Split.POOL)
    )
    run_import(job_id=job.pk)
    job.refresh_from_db()
    return job


def outcomes(job: ImportJob) -> list[tuple[str, str]]:
    return [(item.outcome, item.code) for item in job.items.all()]


def stored() -> list[str]:
    """Every file in the store, by its name in it."""
    return sorted(str(p.relative_to(store.root())) for p in store.root().rglob("*") if p.is_file())


def rows() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Study, Subject, Series, Lesion))
